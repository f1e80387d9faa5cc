/** Compiles the flow, its clients and the negative samples, and says in what they differ from what they should be. */

import { fileURLToPath } from "node:url";

import ts from "typescript";

const folder = new URL("./", import.meta.url);
const file = (name) => fileURLToPath(new URL(name, folder));

const { config } = ts.readConfigFile(file("tsconfig.json"), ts.sys.readFile);
const { options, fileNames } = ts.parseJsonConfigFileContent(config, ts.sys, fileURLToPath(folder));

const where = (source, position) => `${source.fileName.slice(file("").length)}:${source.getLineAndCharacterOfPosition(position).line + 1}`;

const show = (diagnostic) =>
  (diagnostic.file ? `${where(diagnostic.file, diagnostic.start)}: ` : "") +
  `TS${diagnostic.code} ${ts.flattenDiagnosticMessageText(diagnostic.messageText, "\n  ")}`;

/** What a program must not use: each of these would hide from the compiler that a name is wrong. */
function* loopholes(program, source) {
  const checker = program.getTypeChecker();
  function* walk(node) {
    if (ts.isAsExpression(node) || ts.isTypeAssertionExpression(node)) yield `${where(source, node.getStart())}: a cast`;
    else if (ts.isNonNullExpression(node)) yield `${where(source, node.getStart())}: a non-null assertion`;
    else if (
      (ts.isIdentifier(node) || ts.isTypeNode(node)) &&
      !ts.isTypePredicateNode(node.parent) &&
      checker.getTypeAtLocation(node).flags & ts.TypeFlags.Any
    ) {
      yield `${where(source, node.getStart())}: '${node.getText()}' is any`;
    }
    for (const child of node.getChildren()) {
      if (!ts.isImportDeclaration(child) && !ts.isJSDoc(child)) yield* walk(child);
    }
  }
  yield* walk(source);
  for (const match of source.text.matchAll(/@ts-(ignore|expect-error|nocheck)/g)) {
    yield `${where(source, match.index)}: a silenced error`;
  }
}

/**
 * Compiles the programs with everything generated, and writes the JavaScript to build/.
 *
 * @param {string[]} names the programs that must use generated types only
 * @returns {string[]} what is wrong
 */
export function compile(names) {
  const program = ts.createProgram(fileNames, options);
  const wrong = ts.getPreEmitDiagnostics(program).map(show);
  for (const name of names) wrong.push(...loopholes(program, program.getSourceFile(file(name))));
  if (wrong.length === 0) wrong.push(...program.emit().diagnostics.map(show));
  return wrong;
}

/**
 * Compiles a file that is full of mistakes, and compares them with its `// error TS…` marks.
 *
 * @param {string} name the negative sample
 * @returns {{wrong: string[], found: number}} marks without an error and errors without a mark; number of errors found
 */
export function compileMistakes(name) {
  const program = ts.createProgram([file(name)], { ...options, noEmit: true });
  const source = program.getSourceFile(file(name));
  const found = new Map(
    ts.getPreEmitDiagnostics(program).map((one) => [one.file ? `${where(one.file, one.start)} TS${one.code}` : show(one), show(one)]),
  );
  const marked = new Set(
    [...source.text.matchAll(/\/\/ error (TS\d+)/g)].map((match) => `${where(source, match.index)} ${match[1]}`),
  );
  return {
    wrong: [
      ...[...marked].filter((mark) => !found.has(mark)).map((mark) => `${mark} was expected, and the line compiles or fails otherwise`),
      ...[...found].filter(([place]) => !marked.has(place)).map(([, text]) => text),
    ],
    found: found.size,
  };
}
