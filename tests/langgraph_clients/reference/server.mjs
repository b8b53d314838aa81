// npm's langgraph-api in memory, with the graphs beside this file: node server.mjs PORT FOLDER
import { startServer } from "@langchain/langgraph-api/server";
import { fileURLToPath } from "node:url";

const [port, folder] = [Number(process.argv[2]), process.argv[3]];
const source = fileURLToPath(new URL("./graphs.mjs", import.meta.url));
const names = ["chat", "steps", "ask", "nested", "failing", "slow"];
await startServer({
  port,
  nWorkers: 4,
  host: "127.0.0.1",
  cwd: folder,
  graphs: Object.fromEntries(names.map((name) => [name, `${source}:${name}`])),
});
console.log("ready");
