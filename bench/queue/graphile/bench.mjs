// The peer: graphile-worker on the same server. Prints one JSON object a line.
//     node bench.mjs URL ROWS SECONDS [NAME...]
// With names only what has one of them. One of several processes is told so in PEER_WORKER and prints its jobs.
import { spawn } from "node:child_process";
import { Logger, makeWorkerUtils, run } from "graphile-worker";

const [url, rows, seconds] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const wanted = process.argv.slice(5);
const isWanted = (what) => wanted.length === 0 || wanted.includes(what);
// It would write a line a job.
const logger = new Logger(() => () => {});
const body = { text: "x".repeat(290) };

function print(what, count, took) {
  console.log(JSON.stringify({ what, per_second: Math.round(count / took) }));
}

const ways = {
  "one job a query": {},
  "local queue of 500, completions in batches": { localQueue: { size: 500 }, completeJobBatchDelay: 0 },
};

/** Jobs done in the time. */
async function work(how, concurrentJobs) {
  let done = 0;
  const runner = await run({
    preset: { worker: { connectionString: url, concurrentJobs, maxPoolSize: concurrentJobs + 2, logger, ...ways[how] } },
    taskList: {
      nothing: async () => {
        done += 1;
      },
    },
  });
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const count = done;
  await runner.stop();
  return count;
}

/** The jobs of a process of its own. */
function workElsewhere(how) {
  const child = spawn(process.execPath, [process.argv[1], url, "0", String(seconds)], {
    env: { ...process.env, PEER_WORKER: how }, stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  child.stdout.on("data", (piece) => (text += piece));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => (code === 0 ? resolve(Number(text)) : reject(new Error(`a process ended with ${code}`))));
  });
}

if (process.env.PEER_WORKER) {
  console.log(await work(process.env.PEER_WORKER, 2));
  process.exit(0);
}

const utils = await makeWorkerUtils({ connectionString: url, logger });
await utils.migrate();
let began = performance.now();
for (let sent = 0; sent < rows; sent += 1000) {
  await utils.addJobs(Array.from({ length: Math.min(1000, rows - sent) }, () => ({ identifier: "nothing", payload: body })));
}
if (rows > 0) print("graphile-worker: fill, 1,000 a call", rows, (performance.now() - began) / 1000);

// One at a time, from 8 loops of one process.
const adding = "graphile-worker: addJob, 8 at a time";
if (isWanted(adding)) {
  began = performance.now();
  let added = 0;
  const until = began + seconds * 1000;
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      while (performance.now() < until) {
        await utils.addJob("nothing", body);
        added += 1;
      }
    }),
  );
  print(adding, added, (performance.now() - began) / 1000);
}

for (const how of Object.keys(ways)) {
  for (const concurrentJobs of [8, 64]) {
    const what = `graphile-worker: ${how}, ${concurrentJobs} at a time`;
    if (isWanted(what)) print(what, await work(how, concurrentJobs), seconds);
  }
  const what = `graphile-worker: ${how}, 4 processes, 2 at a time each`;
  if (!isWanted(what)) continue;
  const counts = await Promise.all(Array.from({ length: 4 }, () => workElsewhere(how)));
  print(what, counts.reduce((sum, count) => sum + count, 0), seconds);
}
await utils.release();
