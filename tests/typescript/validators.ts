/** The validators that three of the tools generate, by operation and status. */

import * as heyApi from "./generated/hey-api/zod.gen.js";
import * as kubb from "./generated/kubb/zod/index.js";
import * as orval from "./generated/orval/zod.js";

interface Validator {
  safeParse(value: unknown): { success: boolean; error?: { message: string } };
}

const isValidator = (value: unknown): value is Validator => typeof value === "object" && value !== null && "safeParse" in value;

/** An operationId as the tools write it: `run_etl` is `runEtl`. */
const camel = (name: string): string => name.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
const capital = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1);

/** What each tool calls the validator of a reply; orval makes them of the replies of status 200 alone. */
const NAMED: Record<string, [Record<string, unknown>, (operation: string, status: number) => string]> = {
  "hey-api": [heyApi, (operation, status) => (status < 300 ? `z${capital(operation)}Response` : "zError")],
  kubb: [kubb, (operation, status) => `${operation}${status}Schema`],
  orval: [orval, (operation, status) => (status === 200 ? `${operation}Response` : "")],
};

/**
 * Let the tools' validators judge a reply.
 *
 * @returns the tools that have one for it, each with what it finds wrong; an empty text is nothing
 */
export function judge(operation: string, status: number, body: unknown): Map<string, string> {
  const verdicts = new Map<string, string>();
  for (const [tool, [validators, nameOf]] of Object.entries(NAMED)) {
    const validator = validators[nameOf(camel(operation), status)];
    if (isValidator(validator)) verdicts.set(tool, validator.safeParse(body).error?.message ?? "");
  }
  return verdicts;
}
