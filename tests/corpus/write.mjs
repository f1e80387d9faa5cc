// Writes the tables of cases.json with exceljs and with SheetJS: `node write.mjs CASES FOLDER`, beside node_modules.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const [, , cases, folder] = process.argv;
const require = createRequire(join(folder, "package.json"));
const ExcelJS = require("exceljs");
const SheetJS = require("xlsx");

const value = ([kind, given]) => (kind === "time" ? new Date(given + "Z") : kind === "blank" ? null : given);

for (const [name, columns] of Object.entries(JSON.parse(readFileSync(cases, "utf8")))) {
  const headings = Object.keys(columns);
  const count = Math.max(...headings.map((heading) => columns[heading].length));
  const rows = Array.from({ length: count }, (_, row) => headings.map((heading) => columns[heading][row]));
  const plain = rows.map((row) => row.map(value));

  const book = new ExcelJS.Workbook();
  const sheet = book.addWorksheet("first");
  sheet.addRow(headings);
  rows.forEach((row, at) =>
    sheet.addRow(plain[at].map((cell, column) => (row[column][0] === "error" ? { error: row[column][1] } : cell))),
  );
  await book.xlsx.writeFile(join(folder, `exceljs.${name}.xlsx`));

  for (const cellDates of [false, true]) {
    const written = SheetJS.utils.aoa_to_sheet([headings, ...plain], { cellDates, UTC: true });
    rows.forEach((row, at) =>
      row.forEach(([kind], column) => {
        const address = SheetJS.utils.encode_cell({ r: at + 1, c: column });
        if (kind === "error") written[address] = { t: "e", v: 0x17, w: "#REF!" };
      }),
    );
    const other = SheetJS.utils.book_new();
    SheetJS.utils.book_append_sheet(other, written, "first");
    SheetJS.writeFile(other, join(folder, `sheetjs${cellDates ? "_iso" : ""}.${name}.xlsx`), { cellDates });
    SheetJS.writeFile(other, join(folder, `sheetjs${cellDates ? "_iso" : ""}.${name}.csv`));
  }
}
