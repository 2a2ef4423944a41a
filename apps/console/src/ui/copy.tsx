import type { ReactNode } from 'react';
import { useEffect, useState } from 'react';

const shownMs = 2_000;

async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // The browser or its user does not allow it; the text can be selected by hand.
    return false;
  }
}

/** Copies a text, and says whether that worked. */
export function CopyButton({
  text,
  label,
}: {
  readonly text: string;
  readonly label: string;
}): ReactNode {
  const [said, setSaid] = useState('');
  useEffect(() => {
    if (said === '') return undefined;
    const timer = window.setTimeout(() => setSaid(''), shownMs);
    return () => window.clearTimeout(timer);
  }, [said]);
  return (
    <>
      <button
        type="button"
        className="small"
        aria-label={`Copy ${label}`}
        onClick={() => void copy(text).then((done) => setSaid(done ? 'Copied' : 'Not allowed'))}
      >
        {said === '' ? 'Copy' : said}
      </button>
      <span className="visually-hidden" role="status">
        {said}
      </span>
    </>
  );
}

/** A command with what it does, ready to be taken to a terminal. */
export function Command({
  title,
  command,
}: {
  readonly title: string;
  readonly command: string;
}): ReactNode {
  return (
    <div className="command">
      <div className="command-title">{title}</div>
      <code tabIndex={0} aria-label={title}>
        {command}
      </code>
      <CopyButton text={command} label={`the command: ${title}`} />
    </div>
  );
}

/** A digest or another long name in full, to be copied. */
export function LongName({
  text,
  label,
}: {
  readonly text: string;
  readonly label: string;
}): ReactNode {
  return (
    <span className="long-name">
      <code>{text}</code> <CopyButton text={text} label={label} />
    </span>
  );
}
