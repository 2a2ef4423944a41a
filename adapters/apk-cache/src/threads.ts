import { UnpackingThreads } from './unpacking-threads.ts';

/** Those of this process. */
export const threads: UnpackingThreads = new UnpackingThreads();
