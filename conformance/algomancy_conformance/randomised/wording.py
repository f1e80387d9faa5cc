"""What schemathesis finds, as clauses of the contract and in the words of a hand-written check."""

from __future__ import annotations

import re

from schemathesis.core.failures import Failure

from ..outcomes import Broken, Fault
from ..shapes import flaw_of_error, misshapen
from ..target.wire import Answer, wrong_status

OPERATION_CLAUSE = {
    "list_sessions": "SES-1",
    "create_session": "SES-3",
    "get_session": "SES-13",
    "copy_session": "SES-5",
    "rename_session": "SES-6",
    "delete_session": "SES-7",
    "list_algorithms": "ALG-1",
    "get_algorithm_parameters": "ALG-3",
    "list_kpis": "KPI-1",
    "list_scenarios": "SCN-1",
    "create_scenario": "SCN-2",
    "get_scenario": "SCN-5",
    "delete_scenario": "SCN-5",
    "run_scenario": "SCN-6",
    "get_scenario_status": "SCN-8",
    "reset_scenario": "SCN-12",
    "cancel_scenario": "SCN-13",
    "get_processing": "SCN-11",
    "get_runs": "SCN-21",
    "list_datasets": "DAT-1",
    "get_dataset": "DAT-2",
    "delete_dataset": "DAT-3",
    "derive_dataset": "DAT-4",
    "add_dataset_from_json": "DAT-5",
    "get_data_parameters": "DAT-8",
    "run_etl": "ETL-1",
    "get_health": "MET-1",
}
"""The clause that promises what an operation answers."""

STATUS_CLAUSE = {400: "ERR-1", 403: "ERR-8", 404: "ERR-4", 405: "GEN-6", 409: "ERR-4", 413: "ERR-7", 422: "ERR-6"}
"""The clause an answer breaks whose status its operation does not document."""

CHECK_CLAUSE = {
    "ServerError": "GEN-5",
    "MissingContentType": "GEN-2",
    "MalformedMediaType": "GEN-2",
    "UndefinedContentType": "GEN-2",
    "MalformedJson": "GEN-2",
    "JSONDecodeError": "GEN-2",
    "ContentDeserializationError": "GEN-2",
    "MissingHeaders": "GEN-7",
    "AcceptedNegativeData": "GEN-3",
    "UnsupportedMethodResponse": "GEN-6",
    "AllowHeaderMismatch": "GEN-6",
    "EnsureResourceAvailability": "GEN-9",
    "UseAfterFree": "GEN-9",
    "IgnoredAuth": "GEN-5",
    "MissingHeaderNotRejected": "GEN-3",
    "ObjectLevelAuthorizationViolation": "SES-10",
}
"""The clause behind each failure of schemathesis that does not depend on the operation or the status."""


def worded(operation_id: str, failures: list[Failure], answer: Answer) -> Broken:
    """What schemathesis found, in the words of a hand-written check."""
    sent, route = f"{answer.exchange.method} {answer.exchange.url} answered {answer.status}", answer.exchange.route
    flaw = flaw_of_error(answer.content) if answer.status >= 400 else ""
    if flaw:
        said = f"{sent} with {answer.exchange.answer[:200]} instead of an error in the one shape"
        return Broken(said, "GEN-1", fault=misshapen(answer.status, flaw))
    if answer.status >= 500:
        said = f"{sent}: {answer.exchange.answer[:200]}"
        return Broken(said, "GEN-5", fault=wrong_status(route, answer.status, ""))
    clauses = dict.fromkeys(clause_of(failure, operation_id, answer.status) for failure in failures)
    said = "; ".join(dict.fromkeys(sentence_of(failure, answer) for failure in failures))
    kind = type(failures[0]).__name__
    about = pointer_of(failures[0]) if kind == "JsonSchemaError" else route
    fault = Fault((kind, about), f"`{route}`: {sentence_of(failures[0], answer)}")
    return Broken(f"{sent}: {said}", *clauses, fault=fault)


def clause_of(failure: Failure, operation_id: str, status: int) -> str:
    """The clause a failure of schemathesis says is broken."""
    name = type(failure).__name__
    if name == "UndefinedStatusCode":
        return "GEN-5" if status >= 500 else STATUS_CLAUSE.get(status, OPERATION_CLAUSE[operation_id])
    if name == "JsonSchemaError" and status >= 400:
        return "GEN-1"
    return CHECK_CLAUSE.get(name, OPERATION_CLAUSE[operation_id])


def pointer_of(failure: Failure) -> str:
    """Where in the document the part of a schema stands that an answer does not fit."""
    found = re.search(r"Schema at (\S+):", failure.message)
    return found[1] if found else "the body"


def sentence_of(failure: Failure, answer: Answer) -> str:
    """One failure of schemathesis in a sentence."""
    first = failure.message.strip().partition("\n")[0].rstrip(":.")
    match type(failure).__name__:
        case "UndefinedStatusCode":
            return f"the status {answer.status} is none the contract knows for this operation"
        case "JsonSchemaError":
            return f"its body is not as described at {pointer_of(failure)}: {first}"
        case "AcceptedNegativeData":
            return f"what does not fit the description is accepted: {first}"
        case "RejectedPositiveData":
            return f"what fits the description is refused: {first}"
        case "UnsupportedMethodResponse" | "AllowHeaderMismatch":
            return f"a method the path does not have: {first}"
    return f"{failure.title.lower()}: {first}"
