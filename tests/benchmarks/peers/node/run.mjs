// Measures json-rules-engine and cql-execution on the patients of the workload.
//
//   node run.mjs < {"rules": [...], "library": "...", "parameters": [...], "patients": [...], "rounds": 5}
//
// Prints {engine: {"microseconds": [one figure a round], "answers": ["tf..." for each patient]}}: processor time for one patient.
import fs from "node:fs";

import { CqlTranslator, LibraryManager, ModelManager, createModelInfoProvider, stringAsSource } from "@cqframework/cql/cql-to-elm";
import cql from "cql-execution";
import { Engine } from "json-rules-engine";

const NOBODY = { currentPatient: () => undefined, nextPatient: () => undefined };
const work = JSON.parse(fs.readFileSync(0, "utf8"));

function jsonRules() {
  const engine = new Engine([], { allowUndefinedFacts: false });
  work.rules.forEach((conditions, at) => engine.addRule({ conditions, event: { type: String(at) } }));
  return async (patient) => {
    const { events } = await engine.run(patient);
    const so = new Set(events.map((event) => event.type));
    return work.rules.map((_, at) => (so.has(String(at)) ? "t" : "f")).join("");
  };
}

function cqlExecution() {
  const models = new ModelManager();
  const system = fs.readFileSync(new URL("system.xml", import.meta.url), "utf8");
  models.modelInfoLoader.registerModelInfoProvider(createModelInfoProvider((id) => (id === "System" ? stringAsSource(system) : null)));
  const elm = JSON.parse(CqlTranslator.fromText(work.library, new LibraryManager(models)).toJson());
  const library = new cql.Library(elm);
  return async (patient) => {
    const parameters = { ...patient, on: new cql.Date(2026, 3, 1) };
    // A new executor for each patient: one that keeps values answers the second with the first one's.
    const results = await new cql.Executor(library, null, parameters).exec(NOBODY);
    return work.names.map((name) => (results.unfilteredResults[name] === true ? "t" : "f")).join("");
  };
}

const found = {};
for (const [name, build] of Object.entries({ "json-rules-engine": jsonRules, "cql-execution": cqlExecution })) {
  const answer = build();
  const answers = [];
  for (const patient of work.patients) answers.push(await answer(patient));
  const microseconds = [];
  for (let round = 0; round < work.rounds; round++) {
    const before = process.cpuUsage();
    for (const patient of work.patients) await answer(patient);
    const used = process.cpuUsage(before);
    microseconds.push((used.user + used.system) / work.patients.length);
  }
  found[name] = { microseconds, answers };
}
console.log(JSON.stringify(found));
