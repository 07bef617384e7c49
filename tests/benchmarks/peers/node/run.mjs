// Measures json-rules-engine and cql-execution on the patients of the workload.
//
//   node run.mjs < {"rules": [...], "library": "...", "names": [...], "patients": [...], "rounds": 5}
//
// Prints {engine: {"microseconds": [one figure a round], "answers": ["tf..." for each patient]}}: processor time for one patient.
import fs from "node:fs";

import { ENGINES } from "./engines.mjs";

const work = JSON.parse(fs.readFileSync(0, "utf8"));
const found = {};
for (const [name, build] of Object.entries(ENGINES)) {
  const answer = build(work);
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
