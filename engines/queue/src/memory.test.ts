import { queueConformance } from './conformance.ts';
import { MemoryQueue, MemoryStore } from './memory.ts';

queueConformance('the queue in memory', async () => {
  const store = new MemoryStore();
  return {
    open: ({ time, random, times }) =>
      new MemoryQueue({ store, clock: time, timers: time, random, times }),
    [Symbol.asyncDispose]: async () => undefined,
  };
});
