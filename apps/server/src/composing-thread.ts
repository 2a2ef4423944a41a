import { parentPort, workerData } from 'node:worker_threads';
import { ExpandedPackages } from '@kiln/apk-cache';
import { MemoryBillCache } from '@kiln/assemble';
import { jsonLogger, messageOf, systemClock } from '@kiln/base';
import { Composer } from '@kiln/compose';
import { LockMemo } from '@kiln/factory';
import { SegmentFiles } from '@kiln/layer-cache';
import { tellable } from './api/tellable.ts';
import { openFactory } from './compose.ts';
import type { BatchAnswer, BatchRequest, ComposingThreadData } from './composing-threads.ts';

/** What packages add to the bills of materials of images: a few KiB each. */
const billsBytesMax = 16 * 1024 * 1024;

const { place, version, name } = workerData as ComposingThreadData;
const log = jsonLogger((line) => process.stdout.write(line), systemClock, { process: name });
const factory = openFactory(place, log, name);
const composer = new Composer({
  records: factory.records,
  blobs: factory.blobs,
  locks: new LockMemo({ entriesMax: 500, bytesMax: 16 * 1024 * 1024 }),
  opener: new ExpandedPackages({
    directory: place.expanded,
    blobs: factory.files,
    dialect: 'plain',
  }),
  bills: new MemoryBillCache(billsBytesMax),
  segments: new SegmentFiles({ directory: place.segments }),
  signer: factory.signer,
  registry: factory.registry,
  clock: factory.clock,
  builder: { name: 'kiln', version },
});

parentPort?.on('message', (request: BatchRequest | 'end') => {
  if (request === 'end') {
    parentPort?.close();
    void factory[Symbol.asyncDispose]();
  } else void answer(request).then((told) => parentPort?.postMessage(told));
});

async function answer({ number, compositions }: BatchRequest): Promise<BatchAnswer> {
  try {
    return { number, results: await composer.publish(compositions) };
  } catch (error) {
    log.error('composing failed', { error: messageOf(error) });
    return { number, failure: tellable(error) };
  }
}
