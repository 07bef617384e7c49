// Speaks to a FHIR server as an application would: metadata, read, search, and $apply. Prints what came, as JSON.
//
//   node client.mjs BASE < parameters.json
import fs from "node:fs";

import { Client } from "fhir-kit-client";

const client = new Client({ baseUrl: process.argv[2] });
const input = JSON.parse(fs.readFileSync(0, "utf8"));
const plan = await client.read({ resourceType: "PlanDefinition", id: "fbss" });
const found = await client.search({ resourceType: "PlanDefinition", searchParams: { _id: "fbss" } });
const applied = await client.operation({ name: "apply", resourceType: "PlanDefinition", id: "fbss", input });
const metadata = await client.capabilityStatement();
console.log(JSON.stringify({ metadata: metadata.fhirVersion, plan: plan.id, found: found.total, applied: applied.resourceType }));
