import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

/** The clone that the tests run from. */
export const root: string = path.resolve(import.meta.dirname, '../..');

/** The folder of the Node that runs this. */
const nodeHome = path.dirname(path.dirname(process.execPath));

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Stands for npm: writes down what it was asked, takes its time, makes a `node_modules` and one inside a workspace. */
const npm = `#!/bin/sh
echo "$1" >> "$FAKE_LOG"
case $1 in
  pack) echo "not Node" > node.tgz ;;
  ci)
    mkdir -p node_modules/dependency inner/node_modules
    [ -e "$FAKE_ROOT/node_modules/dependency/version" ] && echo whole >> "$FAKE_LOG"
    trap 'kill $!; exit 143' TERM
    sleep "\${FAKE_SECONDS:-0}" &
    wait $!
    cksum < package-lock.json > node_modules/dependency/version
    cp node_modules/dependency/version inner/node_modules/version
    [ -z "\${FAKE_FAILURE-}" ] || { echo "$FAKE_FAILURE" >&2; exit 1; }
    ;;
esac
`;

/** A clone with this launcher, a command line that says what it was given, and an npm that needs no network. */
export class FakeClone {
  #root: string;
  readonly #folder: string;

  constructor(folder: string, options: { readonly node: boolean }) {
    this.#folder = folder;
    this.#root = path.join(folder, 'ein Klon mit Ümläuten');
    const write = this.write.bind(this);
    write('kiln', fs.readFileSync(path.join(root, 'kiln'), 'utf8'), 0o755);
    write('package.json', '{"workspaces":["inner"]}');
    write('inner/package.json', '{}');
    write('.npmrc', '');
    write('apps/cli/src/main.ts', mainText);
    write('../bin/npm', npm, 0o755);
    this.lock('one');
    if (options.node) {
      fs.mkdirSync(path.join(this.root, '.tools'));
      fs.symlinkSync(nodeHome, path.join(this.root, '.tools', this.nodeName));
    }
  }

  write(name: string, text: string, mode = 0o644): void {
    const file = path.join(this.root, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, text, { mode });
  }

  /** Gives the clone a bundler whose bundle is `text`. */
  bundler(text: string): void {
    this.write(
      'tools/bundle/src/main.ts',
      `import fs from 'node:fs';
import path from 'node:path';
const root = path.resolve(import.meta.dirname, '../../..');
const folder = path.join(root, '.tools/bundle');
fs.mkdirSync(folder, { recursive: true });
fs.writeFileSync(path.join(folder, 'stamp'), root + '\\n');
fs.writeFileSync(path.join(folder, 'main.js'), ${JSON.stringify(text)});
fs.appendFileSync(process.env.FAKE_LOG, 'bundle\\n');
`,
    );
  }

  get root(): string {
    return this.#root;
  }

  /** Gives the clone's folder another name. */
  move(name: string): void {
    const moved = path.join(this.#folder, name);
    fs.renameSync(this.#root, moved);
    this.#root = moved;
  }

  get nodeName(): string {
    const version = /^node_version=(.*)$/m.exec(fs.readFileSync(path.join(root, 'kiln'), 'utf8'));
    return `node-${version?.[1] ?? ''}`;
  }

  /** Writes another lockfile. */
  lock(text: string): void {
    fs.writeFileSync(path.join(this.root, 'package-lock.json'), text);
  }

  /** What npm was asked to do so far, and whether `node_modules` was whole meanwhile. */
  get asked(): string[] {
    const file = path.join(this.#folder, 'log');
    return fs.existsSync(file) ? fs.readFileSync(file, 'utf8').trim().split('\n') : [];
  }

  /** What the launcher finds in the environment. */
  environment(more: Readonly<Record<string, string>> = {}): Record<string, string> {
    return {
      PATH: `${this.#folder}/bin:/usr/bin:/bin:/usr/sbin:/sbin`,
      HOME: this.#folder,
      FAKE_LOG: path.join(this.#folder, 'log'),
      FAKE_ROOT: this.root,
      TERM: 'xterm',
      ...more,
    };
  }

  /** Runs the launcher, or the words given in its place. */
  run(
    words: readonly string[],
    more: Readonly<Record<string, string>> = {},
    command: readonly string[] = [path.join(this.root, 'kiln')],
  ): Running {
    return run([...command, ...words], this.environment(more));
  }
}

const mainText = `
console.log(JSON.stringify({ words: process.argv.slice(2), program: process.env.KILN_PROGRAM }));
process.exitCode = Number(process.argv[2] ?? 0);
`;

export interface Running {
  readonly pid: number;
  readonly finished: Promise<Finished>;
}

/** Runs a program to its end, standard input closed. */
export function run(argv: readonly string[], environment: Record<string, string>): Running {
  const [program = '', ...words] = argv;
  const child = spawn(program, words, { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString('utf8')));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString('utf8')));
  const finished = new Promise<Finished>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
  return { pid: child.pid ?? 0, finished };
}
