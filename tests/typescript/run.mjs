/** Runs both compiled polling programs: `node run.mjs ORDER`, an `Order` as JSON. Prints their outcomes as JSON. */

const order = JSON.parse(process.argv[2]);
const outcomes = {};
for (const program of ["poll_openapi_fetch", "poll_hey_api"]) {
  const { poll } = await import(`./build/${program}.js`);
  outcomes[program] = await poll({ ...order, tag: `${order.tag}, ${program}` });
}
console.log(JSON.stringify(outcomes));
