/** Set for processes that end with their supervisor: their IPC channel closes when it dies, however it dies. */
export const supervisedVariable = 'KILN_SUPERVISED';

/** What is under way gets this long once the supervisor is gone, whose successor waits for the port and the sockets. */
const orphanGraceMs = 2_000;

/** The supervisor may die while this process still starts: then it ends at once. `endWith` takes over. */
export function endEarly(): void {
  process.once('disconnect', () => process.exit(1));
}

/**
 * The end of a process of the factory: SIGTERM or SIGINT, or the death of the supervisor, which closes the IPC channel
 * however it dies. `stop` runs once; the process then exits 0, or 1 when `stop` took longer than `graceMs`. Returns what
 * ends the process for another reason.
 */
export function endWith(stop: () => Promise<void>, graceMs: number): () => void {
  let stopping = false;
  const end = (limitMs: number): void => {
    if (stopping) return;
    stopping = true;
    setTimeout(() => process.exit(1), limitMs).unref();
    stop().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.once('SIGTERM', () => end(graceMs));
  process.once('SIGINT', () => end(graceMs));
  const orphaned = (): void => end(Math.min(graceMs, orphanGraceMs));
  process.removeAllListeners('disconnect');
  if (process.connected) process.once('disconnect', orphaned);
  else if (process.env[supervisedVariable] === '1') orphaned();
  return () => end(graceMs);
}
