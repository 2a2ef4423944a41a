import { parentPort } from 'node:worker_threads';
import type { BatchAnswer, BatchRequest } from './composing-threads.ts';

/** Stands in for a composing thread in tests: what to do is the name of the base. */
parentPort?.on('message', (request: BatchRequest | 'end') => {
  if (request === 'end') parentPort?.close();
  else void answer(request).then((told) => parentPort?.postMessage(told));
});

async function answer({ number, compositions }: BatchRequest): Promise<BatchAnswer> {
  const [first] = compositions;
  switch (first?.base) {
    case 'dies':
      return process.exit(1);
    case 'fails':
      return { number, failure: { code: 'STORE_FULL', message: 'there is no room', hint: '' } };
    case 'hangs':
      return new Promise(() => undefined);
    case 'slow':
      await new Promise((resolve) => setTimeout(resolve, 50));
      break;
    case undefined:
    default:
  }
  return {
    number,
    results: compositions.map(({ repository, tags }) => ({
      kind: 'published',
      repository,
      digest: `sha256:${'0'.repeat(64)}`,
      tags,
    })),
  };
}
