// A thread that fetches one dataset, and gives its rows page by page, in any order.

let text = "";
let tables = {};
let order = {};

async function read(url, headers) {
  const response = await fetch(url, {headers});
  text = await response.text();
  const reply = JSON.parse(text);
  if (!response.ok) throw new Error(reply.detail);
  tables = reply.tables;
  order = {};
  return {metadata: reply.metadata, tables: Object.fromEntries(Object.entries(tables).map(([name, table]) =>
    [name, {columns: table.columns, dtypes: table.dtypes ?? {}, count: table.data.length}]))};
}

/** Missing values come last, numbers are compared as numbers, everything else as text. */
function compare(a, b) {
  if (a === b) return 0;
  if (a === null || a === undefined) return 1;
  if (b === null || b === undefined) return -1;
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a) < String(b) ? -1 : 1;
}

function sorted(name, column, descending) {
  const wanted = `${name}\n${column}\n${descending}`;
  if (order.wanted !== wanted) {
    const {data} = tables[name];
    const rows = data.map((row, at) => at);
    if (column) {
      rows.sort((left, right) => {
        const [a, b] = [data[left][column], data[right][column]];
        const missing = (b === null || b === undefined) - (a === null || a === undefined);
        if (missing) return -missing;
        return (descending ? -1 : 1) * compare(a, b) || left - right;
      });
    }
    order = {wanted, rows};
  }
  return order.rows;
}

function rows({table, from, to, sort, descending}) {
  const {columns, data} = tables[table];
  return sorted(table, sort, descending).slice(from, to).map((at) => columns.map((column) => {
    const value = data[at][column];
    return value !== null && typeof value === "object" ? JSON.stringify(value) : value;
  }));
}

onmessage = async ({data: question}) => {
  const {number} = question;
  try {
    let value = text;
    if (question.read) value = await read(question.read, question.headers);
    else if (question.rows) value = rows(question.rows);
    postMessage({number, value});
  } catch (error) {
    postMessage({number, error: error.message});
  }
};
