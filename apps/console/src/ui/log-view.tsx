import type { ReactNode } from 'react';
import { useEffect, useLayoutEffect, useRef, useState } from 'react';
import { readLog } from '../api/log.ts';
import { logUrl } from '../urls.ts';

/** A page stays quick with this much text; the rest is behind the link to the whole log. */
const charactersMax = 2_000_000;
/** Closer to the end than this, in pixels, means that the person wants to see what comes. */
const endSlack = 24;

export interface LogViewProps {
  readonly name: string;
  readonly attempt: string;
  readonly running: boolean;
}

type Phase = 'reading' | 'complete' | 'interrupted';

/** The log of one attempt as it grows. It keeps to the end until the person scrolls up. */
export function LogView({ name, attempt, running }: LogViewProps): ReactNode {
  const box = useRef<HTMLPreElement>(null);
  const keepToEnd = useRef(true);
  const lastTop = useRef(0);
  const [atEnd, setAtEnd] = useState(true);
  const [phase, setPhase] = useState<Phase>('reading');
  const [cut, setCut] = useState(false);
  const [empty, setEmpty] = useState(true);

  useEffect(() => {
    const stop = new AbortController();
    const sink = makeSink(box, {
      onText: () => setEmpty(false),
      onCut: () => setCut(true),
      onGrown: () => {
        if (keepToEnd.current) toEnd(box.current);
      },
    });
    void readLog({
      url: logUrl(name, attempt, true),
      signal: stop.signal,
      begin: sink.clear,
      append: sink.append,
      onPhase: setPhase,
    });
    return () => stop.abort();
  }, [name, attempt]);

  // The box has a size only now that it holds something.
  useLayoutEffect(() => {
    if (!empty && keepToEnd.current) toEnd(box.current);
  }, [empty]);

  const scrolled = (): void => {
    const element = box.current;
    if (element === null) return;
    const { scrollHeight, scrollTop, clientHeight } = element;
    // More text may have come since the end was scrolled to: only going up leaves it.
    const wentUp = scrollTop < lastTop.current;
    lastTop.current = scrollTop;
    const near = scrollHeight - scrollTop - clientHeight < endSlack;
    keepToEnd.current = near || (keepToEnd.current && !wentUp);
    setAtEnd(keepToEnd.current);
  };
  const jump = (): void => {
    keepToEnd.current = true;
    setAtEnd(true);
    toEnd(box.current);
    box.current?.focus({ preventScroll: true });
  };
  return (
    <div className="log card">
      <div className="log-top">
        <span role="status">{phaseWords(phase, running, empty)}</span>
        {cut && <span className="muted">The beginning is left out.</span>}
        <span className="grow" />
        {running && atEnd && !empty && <span className="muted">Following</span>}
        {!atEnd && (
          <button type="button" className="small" onClick={jump}>
            {running ? 'Follow again' : 'To the end'}
          </button>
        )}
        <a href={logUrl(name, attempt, false)} target="_blank" rel="noreferrer">
          Whole log<span className="visually-hidden"> as text, in a new tab</span>
        </a>
      </div>
      <pre
        ref={box}
        role="log"
        aria-label="Log"
        aria-live="off"
        aria-busy={phase === 'reading'}
        tabIndex={0}
        onScroll={scrolled}
        hidden={empty}
      />
    </div>
  );
}

function phaseWords(phase: Phase, running: boolean, empty: boolean): string {
  if (phase === 'interrupted') return 'Interrupted; trying again';
  if (running || phase === 'reading') return empty ? 'Nothing written yet' : 'Being written';
  return empty ? 'Empty' : 'Complete';
}

function toEnd(element: HTMLElement | null): void {
  if (element !== null) element.scrollTop = element.scrollHeight;
}

interface SinkEvents {
  onText(): void;
  onCut(): void;
  onGrown(): void;
}

/** Text goes past React straight into the element: a log grows by appending only. */
function makeSink(
  box: { readonly current: HTMLElement | null },
  events: SinkEvents,
): { clear(): void; append(text: string): void } {
  let characters = 0;
  return {
    clear: () => {
      characters = 0;
      box.current?.replaceChildren();
    },
    append: (text) => {
      const element = box.current;
      if (element === null || text === '') return;
      element.append(document.createTextNode(text));
      characters += text.length;
      while (
        characters > charactersMax &&
        element.firstChild !== null &&
        element.childNodes.length > 1
      ) {
        characters -= element.firstChild.textContent?.length ?? 0;
        element.firstChild.remove();
        events.onCut();
      }
      events.onText();
      // After the element has become visible.
      requestAnimationFrame(() => events.onGrown());
    },
  };
}
