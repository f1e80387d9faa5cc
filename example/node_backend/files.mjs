/** Uploads: the parts of a multipart body, and the rows in csv, json and xlsx files. Nothing touches the disk. */

import { inflateRawSync } from "node:zlib";

const LARGEST_ENTRY = 256 * 1024 ** 2;

/** Return the parts of a multipart/form-data body, each with `name`, `filename` and `content`; undefined if it is none. */
export function parseMultipart(body, contentType = "") {
  const [, quoted, bare] = /^multipart\/form-data\b.*;\s*boundary=(?:"([^"]+)"|([^;\s]+))/i.exec(contentType) ?? [];
  const pieces = `\r\n${body.toString("latin1")}`.split(`\r\n--${quoted ?? bare}`);
  if (pieces.length < 2 || !pieces.at(-1).startsWith("--")) return undefined;
  return pieces.slice(1, -1).map((piece) => {
    const end = piece.indexOf("\r\n\r\n");
    const [disposition] = /^content-disposition:.*$/im.exec(piece.slice(0, end)) ?? [""];
    const given = (name) => {
      const text = new RegExp(`[;\\s]${name}="((?:\\\\"|[^"])*)"`, "i").exec(disposition)?.[1];
      return text === undefined ? undefined : Buffer.from(text, "latin1").toString();
    };
    return { name: given("name"), filename: given("filename"), content: Buffer.from(piece.slice(end + 4), "latin1") };
  });
}

/** Return the logical name of a file and what reads its rows, by its extension; nothing if none does. */
export function readerOf(filename) {
  const [, stem, extension] = /([^/\\]+)\.(csv|json|xlsx)$/i.exec(filename) ?? [];
  return { stem, read: READERS[extension?.toLowerCase()] };
}

/** Each gives the rows of a file, with their numbers as a person counts them: the heading is row 1. Missing values are null. */
const READERS = {
  csv: (content) => records(csvCells(utf8(content))),
  json(content) {
    const rows = JSON.parse(utf8(content));
    if (!Array.isArray(rows) || !rows.every((row) => row?.constructor === Object)) throw new Error("it is no list of rows.");
    return rows.map((row, i) => [i + 2, row]);
  },
  xlsx: (content) => records(sheetCells(content)),
};

const utf8 = (bytes) => new TextDecoder("utf-8", { fatal: true }).decode(bytes);

function* records(rows) {
  let heading, at = 0;
  for (const row of rows) {
    at += 1;
    if (row.every((cell) => cell === "")) continue;
    if (heading && row.length > heading.length) throw new Error("a row has more cells than the heading.");
    if (heading) yield [at, Object.fromEntries(heading.map((name, i) => [name, row[i] === "" ? null : (row[i] ?? null)]))];
    heading ??= row;
    if (new Set(heading).size < heading.length) throw new Error("two columns have one name.");
  }
  if (!heading) throw new Error("it is empty.");
}

function* csvCells(text) {
  const separator = [";", "\t", ","].find((one) => text.slice(0, text.search(/[\r\n]|$/)).includes(one)) ?? ",";
  const cell = new RegExp(`(?:"((?:[^"]|"")*)"|([^"\\r\\n${separator}][^\\r\\n${separator}]*)?)(${separator}|\\r?\\n|$)`, "y");
  let row = [];
  while (cell.lastIndex < text.length || row.length > 0) {
    const [, quoted, plain, end] = cell.exec(text) ?? [];
    if (end === undefined) throw new Error("a quotation mark is out of place.");
    row.push(quoted?.replaceAll('""', '"') ?? plain ?? "");
    if (end === separator) continue;
    yield row;
    row = [];
  }
}

/** The cells of a workbook's first sheet: numbers as numbers, everything else as text. */
function* sheetCells(content) {
  const read = zipEntries(content);
  const texts = (xml) => [...xml.matchAll(/<t(?:\s[^>]*)?>([^<]*)<\/t>/g)].map(([, text]) => unescaped(text)).join("");
  const shared = [...read("xl/sharedStrings.xml").matchAll(/<si>(.*?)<\/si>/gs)].map(([, item]) => texts(item));
  for (const [row] of read("xl/worksheets/sheet1.xml").matchAll(/<row[\s>].*?<\/row>/gs)) {
    const cells = [];
    for (const [, attributes, inner = ""] of row.matchAll(/<c\s([^>]*?)(?:\/>|>(.*?)<\/c>)/gs)) {
      const type = /\bt="(\w+)"/.exec(attributes)?.[1] ?? "n";
      const letters = /\br="([A-Z]+)/.exec(attributes)?.[1] ?? "";
      const column = [...letters].reduce((sum, letter) => sum * 26 + letter.charCodeAt(0) - 64, 0) - 1;
      const value = unescaped(/<v>([^<]*)<\/v>/.exec(inner)?.[1] ?? "");
      while (cells.length < column) cells.push("");
      if (type === "s") cells.push(shared[Number(value)]);
      else if (type === "inlineStr") cells.push(texts(inner));
      else cells.push(type === "n" && value !== "" ? Number(value) : value);
    }
    yield cells;
  }
}

const ENTITIES = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };
const unescaped = (text) =>
  text.replace(/&(?:#(x?)([\da-f]+)|(\w+));/gi, (all, hex, code, name) =>
    code ? String.fromCodePoint(parseInt(code, hex ? 16 : 10)) : (ENTITIES[name] ?? all),
  );

/** Return what reads an entry of a zip archive as text, by its name; one that is not there is empty. */
function zipEntries(zip) {
  const end = zip.lastIndexOf("PK\x05\x06", undefined, "latin1");
  if (end < 0) throw new Error("it is no workbook.");
  const entries = new Map();
  for (let left = zip.readUInt16LE(end + 10), at = zip.readUInt32LE(end + 16); left > 0; left -= 1) {
    const [name, extra, comment] = [28, 30, 32].map((field) => zip.readUInt16LE(at + field));
    entries.set(zip.toString("utf8", at + 46, at + 46 + name), at);
    at += 46 + name + extra + comment;
  }
  return (name) => {
    if (!entries.has(name)) return "";
    const [size, local] = [20, 42].map((field) => zip.readUInt32LE(entries.get(name) + field));
    const start = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
    const bytes = zip.subarray(start, start + size);
    return utf8(zip.readUInt16LE(local + 8) === 0 ? bytes : inflateRawSync(bytes, { maxOutputLength: LARGEST_ENTRY }));
  };
}
