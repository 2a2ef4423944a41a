import type { ReactNode } from 'react';
import type { ImageDetail, ImageSettings } from '../api/client.ts';
import { visible } from '../format.ts';
import { Command } from './copy.tsx';

/** What a runtime makes of an image. */
export function Settings({ image }: { readonly image: ImageDetail }): ReactNode {
  const { settings, key } = image;
  return (
    <section className="card" aria-labelledby="settings-heading">
      <h2 id="settings-heading">Settings</h2>
      {settings === null ? (
        <>
          <p className="muted">Its configuration is missing or damaged.</p>
          <Command title="Make it again" command={`./kiln resync ${key}`} />
        </>
      ) : (
        <>
          <Facts settings={settings} />
          <div className="columns">
            <Pairs title="Environment" pairs={settings.environment} />
            <Pairs title="Labels" pairs={settings.labels} />
          </div>
        </>
      )}
    </section>
  );
}

function Facts({ settings }: { readonly settings: ImageSettings }): ReactNode {
  const platform = [settings.os, settings.architecture, settings.variant];
  const texts = [
    ['User', settings.user],
    ['Working directory', settings.workingDirectory],
    ['Stop signal', settings.stopSignal],
    ['Platform', platform.filter((part) => part !== '').join('/')],
  ] as const;
  return (
    <dl className="facts">
      <div>
        <dt>Entrypoint</dt>
        <dd>
          <Words words={settings.entrypoint} />
        </dd>
      </div>
      <div>
        <dt>Command</dt>
        <dd>
          <Words words={settings.command} />
        </dd>
      </div>
      {texts.map(([name, text]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{text === '' ? <NotSet /> : <code>{visible(text)}</code>}</dd>
        </div>
      ))}
    </dl>
  );
}

function NotSet(): ReactNode {
  return <span className="muted">Not set</span>;
}

/** Each word for itself: a space in one does not make two. */
function Words({ words }: { readonly words: readonly string[] }): ReactNode {
  if (words.length === 0) return <NotSet />;
  return (
    <span className="tags">
      {words.map((word, at) => (
        <code key={`${at} ${word}`} className="word">
          {word === '' ? '""' : visible(word)}
        </code>
      ))}
    </span>
  );
}

function Pairs({
  title,
  pairs,
}: {
  readonly title: string;
  readonly pairs: ImageSettings['environment'];
}): ReactNode {
  return (
    <div>
      <h3>{title}</h3>
      {pairs.length === 0 ? (
        <p className="muted">None</p>
      ) : (
        <div className="pairs" role="region" aria-label={title} tabIndex={0}>
          <dl>
            {pairs.map(({ name, value }, at) => (
              <div key={`${at} ${name}`}>
                <dt>
                  <code>{visible(name)}</code>
                </dt>
                <dd>
                  {value === '' ? (
                    <span className="muted">empty</span>
                  ) : (
                    <code>{visible(value)}</code>
                  )}
                </dd>
              </div>
            ))}
          </dl>
        </div>
      )}
    </div>
  );
}
