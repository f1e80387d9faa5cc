"""Drive an Algomancy backend over the network, from blocking or from asynchronous code.

```python
from algomancy_api.client import AlgomancyClient

with AlgomancyClient("http://127.0.0.1:8051") as client:
    scenario = client.run_and_wait("Slow", "Master data", algo_params={"duration": 5})
    print({name: kpi.value for name, kpi in scenario.kpis.items()})
```

`AsyncAlgomancyClient` has the same methods, to be awaited. Methods are named as the operations of the OpenAPI document
and return the models of `algomancy_api.schemas`. Everything that goes wrong is an `AlgomancyError`. Begin with
`flow`: each of the `operations` is a generator that both clients carry out. Importing this package imports neither
FastAPI nor pandas; pandas comes in when tables are first asked for.
"""

from __future__ import annotations

from algomancy_api.client.clients import AlgomancyClient, AsyncAlgomancyClient
from algomancy_api.client.exceptions import (
    AlgomancyError,
    ApiError,
    BadRequest,
    Conflict,
    ConnectionFailed,
    Forbidden,
    InvalidParameter,
    InvalidRequest,
    MethodNotAllowed,
    NotFound,
    PayloadTooLarge,
    RetryPolicy,
    ScenarioFailed,
    ServerError,
    TooManyRequests,
    Unauthorized,
    Unavailable,
    UnexpectedReply,
    UploadRejected,
    WaitTimeout,
)

__all__ = [
    "AlgomancyClient",
    "AlgomancyError",
    "ApiError",
    "AsyncAlgomancyClient",
    "BadRequest",
    "Conflict",
    "ConnectionFailed",
    "Forbidden",
    "InvalidParameter",
    "InvalidRequest",
    "MethodNotAllowed",
    "NotFound",
    "PayloadTooLarge",
    "RetryPolicy",
    "ScenarioFailed",
    "ServerError",
    "TooManyRequests",
    "Unauthorized",
    "Unavailable",
    "UnexpectedReply",
    "UploadRejected",
    "WaitTimeout",
]
