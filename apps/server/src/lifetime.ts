/**
 * The end of a process of the factory: SIGTERM or SIGINT, or the death of the supervisor, which closes the IPC channel
 * however it dies. `stop` runs once; the process then exits 0, or 1 when `stop` took longer than `graceMs`.
 */
export function endWith(stop: () => Promise<void>, graceMs: number): void {
  let stopping = false;
  const end = (): void => {
    if (stopping) return;
    stopping = true;
    setTimeout(() => process.exit(1), graceMs).unref();
    stop().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.once('SIGTERM', end);
  process.once('SIGINT', end);
  if (process.connected) process.once('disconnect', end);
}
