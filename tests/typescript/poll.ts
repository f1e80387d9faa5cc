/** What both polling programs are asked to do and what they report: plain values, so that neither generator's types leak out. */

/** The scenario to run, as the README's loop does. */
export interface Order {
  baseUrl: string;
  tag: string;
  datasetKey: string;
  algorithm: string;
  duration: number;
  /** The algorithm whose parameters are described; it need not be the one that runs. */
  formOf: string;
  pauseMilliseconds: number;
}

/** What the loop saw. */
export interface Outcome {
  id: string;
  status: "complete" | "failed";
  progress: number;
  kpis: Record<string, number | null>;
  result: Record<string, unknown>;
  /** A text for each parameter of `formOf`, made from its descriptor. */
  form: string[];
  /** The server's words when the same tag was asked for again. */
  refusal: string;
}

/** Wait between two looks at a status. */
export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** A reply that should not have come. */
export class UnexpectedReply extends Error {
  constructor(asked: string, status: number, detail: string | undefined) {
    super(`${asked}: ${status} ${detail ?? "without a body"}`);
  }
}
