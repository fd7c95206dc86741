// A swarm of volunteers in one process, steered by JSON lines: a command on standard input, its answer
// on standard output. See swarm/ for what volunteers do and bench/swarm.py for who sends the commands.

import { createInterface } from "node:readline";
import { Fleet } from "./swarm/fleet.mjs";

const fleet = new Fleet();

const commands = {
  change: ({ settings }) => fleet.change(settings),
  learn: ({ program, template }) => fleet.outputs.learn(program, template),
  connect: ({ count, timeout_ms: timeoutMs }) => fleet.connect(count, timeoutMs),
  quota: ({ each }) => {
    fleet.quota = each ?? Infinity;
  },
  resume: () => fleet.resume(),
  pause: () => {
    fleet.isPaused = true;
  },
  reset: () => fleet.reset(),
  await_stored: ({ count, timeout_ms: timeoutMs }) => fleet.awaitStored(count, timeoutMs),
  progress: () => fleet.progress(),
  measures: () => fleet.measures.summary(),
  ping: ({ rate, ms }) => fleet.ping(rate, ms),
  hurry: () => fleet.hurry(),
  vanish: ({ numbers }) => fleet.vanish(numbers),
  churn: ({ churn }) => fleet.churn(churn),
  end_churn: () => fleet.endChurn(),
  window: ({ ms }) => fleet.window(ms),
  await_offer: ({ job, timeout_ms: timeoutMs }) => fleet.awaitOffer(job, timeoutMs),
  await_offers: ({ count, timeout_ms: timeoutMs }) => fleet.awaitOffers(count, timeoutMs),
  nudged_at: ({ count, timeout_ms: timeoutMs }) => fleet.nudgedAt(count, timeoutMs),
  await_pushed: ({ count, timeout_ms: timeoutMs }) => fleet.awaitPushed(count, timeoutMs),
  volunteer_ids: () => fleet.volunteers.map((volunteer) => volunteer.id),
  stored_at: ({ every }) => fleet.storedAt(every),
  stored_rate: ({ from, to }) => fleet.storedRate(from, to),
};

const lines = createInterface({ input: process.stdin });
lines.on("line", async (line) => {
  const { id, command, ...rest } = JSON.parse(line);
  let answer;
  try {
    answer = { id, answer: (await commands[command](rest)) ?? null };
  } catch (error) {
    answer = { id, error: String(error.stack ?? error) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
});
lines.on("close", () => {
  fleet.end();
  setTimeout(() => process.exit(0), 50);
});
