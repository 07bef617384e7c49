// Translates a CQL library to ELM and evaluates it for many patients, one line in, one line out.
//
//   node run.mjs LIBRARY.cql < patients.ndjson
//
// A patient is {"on": "YYYY-MM-DD", "parameters": {name: value | {"from": day, "to": day}}}; what is left out is null.
// The first line out lists the definitions; each further one has a letter per definition: t, f, u (null), or - for what is no truth.
// INVARIANT: every patient gets an executor of its own. An engine that keeps the value of an expression
// would otherwise answer the second patient with the first one's value.
import fs from "node:fs";
import readline from "node:readline";

import { CqlTranslator, LibraryManager, ModelManager, createModelInfoProvider, stringAsSource } from "@cqframework/cql/cql-to-elm";
import cql from "cql-execution";

const NOBODY = { currentPatient: () => undefined, nextPatient: () => undefined };

function translate(text) {
  const models = new ModelManager();
  const system = fs.readFileSync(new URL("system.xml", import.meta.url), "utf8");
  const provider = createModelInfoProvider((id) => (id === "System" ? stringAsSource(system) : null));
  models.modelInfoLoader.registerModelInfoProvider(provider);
  const elm = JSON.parse(CqlTranslator.fromText(text, new LibraryManager(models)).toJson());
  const wrong = elm.library.annotation.filter((note) => note.errorSeverity === "error");
  if (wrong.length) {
    for (const note of wrong) console.error(`${note.startLine}:${note.startChar} ${note.message}`);
    process.exit(1);
  }
  return elm;
}

const day = (text) => new cql.Date(...text.split("-").map(Number));
const parameter = (value) =>
  value !== null && typeof value === "object" ? new cql.Interval(day(value.from), day(value.to), true, true) : value;
const letter = (value) => (value === true ? "t" : value === false ? "f" : value === null || value === undefined ? "u" : "-");

const elm = translate(fs.readFileSync(process.argv[2], "utf8"));
const names = elm.library.statements.def.filter((each) => each.type !== "FunctionDef").map((each) => each.name);
// Left out altogether, a parameter without a default would come out of this engine as its own declaration.
const unknown = elm.library.parameters.def.filter((each) => !each.default).map((each) => [each.name, null]);
console.log(JSON.stringify(names));

for await (const line of readline.createInterface({ input: process.stdin })) {
  const patient = JSON.parse(line);
  const parameters = Object.fromEntries(unknown);
  if ("on" in parameters) parameters.on = day(patient.on);
  for (const [name, value] of Object.entries(patient.parameters)) parameters[name] = parameter(value);
  const results = await new cql.Executor(new cql.Library(elm), null, parameters).exec(NOBODY);
  console.log(names.map((name) => letter(results.unfilteredResults[name])).join(""));
}
