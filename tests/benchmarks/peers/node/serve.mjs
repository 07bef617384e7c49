// Serves the engines of Node on loopback: POST a patient to /NAME, and the letters of its nodes come back.
//
//   node serve.mjs < {"rules": [...], "library": "...", "names": [...]}
//
// Prints the port it listens on.
import fs from "node:fs";
import http from "node:http";

import { ENGINES } from "./engines.mjs";

const work = JSON.parse(fs.readFileSync(0, "utf8"));
const answers = Object.fromEntries(Object.entries(ENGINES).map(([name, build]) => [`/${name}`, build(work)]));

const server = http.createServer((request, response) => {
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", async () => {
    const body = await answers[request.url](JSON.parse(Buffer.concat(parts)));
    response.setHeader("Content-Type", "application/json");
    response.end(JSON.stringify(body));
  });
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
