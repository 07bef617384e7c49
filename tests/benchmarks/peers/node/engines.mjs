// json-rules-engine and cql-execution on the rules of the workload: each a function from a patient to "tf...", one letter a node.
import fs from "node:fs";

import { CqlTranslator, LibraryManager, ModelManager, createModelInfoProvider, stringAsSource } from "@cqframework/cql/cql-to-elm";
import cql from "cql-execution";
import { Engine } from "json-rules-engine";

const NOBODY = { currentPatient: () => undefined, nextPatient: () => undefined };

function jsonRules(work) {
  const engine = new Engine([], { allowUndefinedFacts: false });
  work.rules.forEach((conditions, at) => engine.addRule({ conditions, event: { type: String(at) } }));
  return async (patient) => {
    const { events } = await engine.run(patient);
    const so = new Set(events.map((event) => event.type));
    return work.rules.map((_, at) => (so.has(String(at)) ? "t" : "f")).join("");
  };
}

function cqlExecution(work) {
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

export const ENGINES = { "json-rules-engine": jsonRules, "cql-execution": cqlExecution };
