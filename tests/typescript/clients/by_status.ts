/** What oazapfts and orval have in common: an answer is a union that its `status` tells apart. */

import { Refused } from "../flow.js";

type Success = 200 | 201 | 202 | 204;

function isSuccess<A extends { status: number }>(answered: A): answered is Extract<A, { status: Success }> {
  return answered.status < 300;
}

function detailOf(data: unknown): string {
  if (typeof data === "object" && data !== null && "detail" in data && typeof data.detail === "string") return data.detail;
  throw new Error("a refusal without a message");
}

export async function success<A extends { status: number }>(asked: Promise<A>): Promise<Extract<A, { status: Success }>> {
  const answered = await asked;
  if (isSuccess(answered)) return answered;
  throw new Refused(answered.status, detailOf("data" in answered ? answered.data : undefined));
}
