/** The same work, of which one call begins when those before it have ended, however they ended. */
export function inTurn<Given, Done>(
  work: (given: Given) => Promise<Done>,
): (given: Given) => Promise<Done> {
  let last: Promise<unknown> = Promise.resolve();
  return (given) => {
    const done = last.then(() => work(given));
    last = done.catch(() => undefined);
    return done;
  };
}
