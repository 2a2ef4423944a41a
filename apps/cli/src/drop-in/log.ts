import type { Clock, LogFields, Logger } from '@kiln/base';

export interface DropInLogOptions {
  /** The lowest level that is written: -4 debug, 0 info, 4 warning, 8 error. */
  readonly level: number;
  /** `lines` for people, `gcp` for Google Cloud's log collector: one JSON object a line. */
  readonly form: 'lines' | 'gcp';
  readonly clock: Clock;
}

const kinds = {
  debug: { level: -4, word: 'DEBU', severity: 'DEBUG' },
  info: { level: 0, word: 'INFO', severity: 'INFO' },
  warn: { level: 4, word: 'WARN', severity: 'WARNING' },
  error: { level: 8, word: 'ERRO', severity: 'ERROR' },
} as const;

/** Lines such as `WARN message field=value`, with the four letters that these tools write. */
export function dropInLog(write: (text: string) => void, options: DropInLogOptions): Logger {
  const at =
    (kind: keyof typeof kinds) =>
    (message: string, fields: LogFields = {}): void => {
      const { level, word, severity } = kinds[kind];
      if (level < options.level) return;
      if (options.form === 'lines') return write(`${word} ${message}${fieldsText(fields)}\n`);
      const time = new Date(options.clock.now()).toISOString();
      write(`${JSON.stringify({ time, severity, message, ...fields })}\n`);
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

function fieldsText(fields: LogFields): string {
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => {
      const text = String(value);
      return ` ${name}=${/^[^\s"=]+$/.test(text) ? text : JSON.stringify(text)}`;
    })
    .join('');
}

const names: ReadonlyMap<string, number> = new Map([
  ['DEBUG', -4],
  ['INFO', 0],
  ['WARN', 4],
  ['ERROR', 8],
]);

/** A level as Go's slog names it, in any case: `warn`, `INFO+2`. Undefined for other words. */
export function levelOf(text: string): number | undefined {
  const match = /^([a-z]+)([+-][0-9]{1,4})?$/i.exec(text);
  const base = names.get((match?.[1] ?? '').toUpperCase());
  return base === undefined ? undefined : base + Number(match?.[2] ?? 0);
}
