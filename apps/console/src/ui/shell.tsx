import type { ErrorComponentProps } from '@tanstack/react-router';
import { Link, Outlet } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useRef } from 'react';
import type { Status } from '../api/client.ts';
import type { Live } from '../api/live.ts';
import { useLive } from '../api/live.ts';
import { useStatus } from '../api/queries.ts';
import { formatInstant } from '../format.ts';
import { paths } from '../urls.ts';
import { useNow } from './clock.ts';
import { CopyButton } from './copy.tsx';
import { KilnMark } from './icons.tsx';
import { useRefusal } from './page.tsx';

/** What every page has around it. */
export function Shell(): ReactNode {
  const status = useStatus();
  const main = useRef<HTMLElement>(null);
  const away = useRefusal(status)?.away === true;
  return (
    <>
      <button type="button" className="skip" onClick={() => main.current?.focus()}>
        Skip to the content
      </button>
      <header className="top">
        <div className="inner">
          <Link to={paths.line} className="brand" aria-label="Kiln">
            <KilnMark />
            <span>Kiln</span>
          </Link>
          <nav aria-label="Main">
            <Link to={paths.line} activeOptions={{ exact: true, includeSearch: false }}>
              Line
            </Link>
            <Link to={paths.images}>Images</Link>
            <Link to={paths.packages}>Packages</Link>
          </nav>
          <LiveSign away={away} />
        </div>
      </header>
      {away && <AwayBanner since={status.dataUpdatedAt} />}
      <main id="main" ref={main} tabIndex={-1}>
        <Outlet />
      </main>
      {status.data !== undefined && <Places status={status.data} />}
    </>
  );
}

const liveWords: Readonly<Record<Live, string>> = {
  live: 'Live',
  connecting: 'Connecting',
  polling: 'Polling',
};
const liveMeanings: Readonly<Record<Live, string>> = {
  live: 'Changes appear by themselves within a second',
  connecting: 'The connection for changes is being made',
  polling: 'There is no connection for changes at present; the page asks every few seconds',
};

function LiveSign({ away }: { readonly away: boolean }): ReactNode {
  const live = useLive();
  return (
    <p
      className={`live ${away ? 'away' : live}`}
      role="status"
      title={away ? 'The factory does not answer' : liveMeanings[live]}
    >
      <span className="dot" aria-hidden="true" />
      {away ? 'Away' : liveWords[live]}
    </p>
  );
}

function AwayBanner({ since }: { readonly since: number }): ReactNode {
  const now = useNow(true);
  return (
    <div className="banner" role="alert">
      <div className="inner">
        <strong>The factory does not answer.</strong>{' '}
        {since > 0 ? `What you see is from ${formatInstant(since, now)}; ` : ''}the page keeps
        trying and goes on by itself. On a terminal, <code>./kiln status</code> says whether it runs
        and <code>./kiln up</code> starts it.
      </div>
    </div>
  );
}

/** Where the factory's doors are. */
function Places({ status }: { readonly status: Status }): ReactNode {
  const places = [
    ['Registry', status.registry],
    ['apk repository', status.packages],
    ['Public key', status.key],
    ['Home', status.home],
  ] as const;
  return (
    <footer className="bottom">
      <div className="inner">
        <dl>
          {places.map(([name, text]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>
                <code>{text}</code> <CopyButton text={text} label={name} />
              </dd>
            </div>
          ))}
        </dl>
        <p className="muted">Kiln {status.version}</p>
      </div>
    </footer>
  );
}

/** A mistake of the console itself. */
export function CrashPage({ error, reset }: ErrorComponentProps): ReactNode {
  return (
    <section className="card failure" role="alert">
      <h1>The console made a mistake</h1>
      <p>
        The factory is not affected.{' '}
        <code>{error instanceof Error ? error.message : String(error)}</code>
      </p>
      <p>
        <button type="button" onClick={reset}>
          Show the page again
        </button>
      </p>
    </section>
  );
}
