import os from 'node:os';
import path from 'node:path';
import type { Command, Invocation } from '../command.ts';
import { jsonOption, usage } from '../command.ts';
import { compileFiles, type CompiledFile } from '../local/compile-files.ts';
import { gitHead } from '../local/git-head.ts';
import { architecturesOf, foldersOf, listOf, textOf } from '../local/options.ts';
import { Waiting } from '../waiting.ts';

export const packageCompile: Command = {
  name: 'package compile',
  summary:
    'Compile recipes: pipelines instantiated, conditions decided, variables replaced, scripts printed anew. Needs no running factory.',
  usage: 'package compile RECIPE... [--arch ARCH] [--pipeline-dir DIR] [--out DIR]',
  examples: [
    'kiln package compile zlib.yaml --arch x86_64',
    'kiln package compile *.yaml --arch x86_64,aarch64 --pipeline-dir pipelines --out compiled',
  ],
  options: {
    ...jsonOption,
    arch: {
      type: 'string',
      multiple: true,
      value: 'ARCH',
      help: 'architectures, such as x86_64,aarch64 (this machine’s)',
    },
    'pipeline-dir': {
      type: 'string',
      multiple: true,
      value: 'DIR',
      help: 'folders of pipelines that go before the built-in ones',
    },
    'git-commit': {
      type: 'string',
      value: 'COMMIT',
      help: 'the commit of the recipes (that of their checkout)',
    },
    'git-repo-url': {
      type: 'string',
      value: 'URL',
      help: 'the address of the repository of the recipes',
    },
    'env-file': {
      type: 'string',
      multiple: true,
      value: 'FILE',
      help: 'files of variables for the steps',
    },
    'vars-file': {
      type: 'string',
      value: 'FILE',
      help: 'a file of vars that replace the recipe’s',
    },
    'build-option': {
      type: 'string',
      multiple: true,
      value: 'NAME',
      help: 'options of the recipe to switch on',
    },
    out: { type: 'string', value: 'DIR', help: 'write DIR/ARCH/NAME.json instead of printing' },
  },
  async run(invocation) {
    const files = invocation.positionals;
    const first = files[0];
    if (first === undefined) throw usage(packageCompile, 'which recipes?');
    const { flags, print } = invocation;
    const out = textOf(flags['out']);
    const waiting = new Waiting(print.talk, process.stderr.isTTY === true);
    const results = await compileFiles(
      files,
      {
        dialect: 'kiln',
        architectures: architecturesOf(invocation),
        pipelineFolders: foldersOf(flags['pipeline-dir']),
        commit: textOf(flags['git-commit']) ?? (await gitHead(path.dirname(first))) ?? 'unknown',
        environmentFiles: listOf(flags['env-file']),
        varsFile: textOf(flags['vars-file']),
        buildOptions: listOf(flags['build-option']),
        out,
      },
      os.availableParallelism(),
      (done) => {
        if (files.length > 100) waiting.show(`compiling, ${done} of ${files.length}`);
      },
    );
    waiting.stop();
    report(results, invocation, out);
    return results.some(({ kind }) => kind === 'failed') ? 1 : 0;
  },
};

function report(
  results: readonly CompiledFile[],
  { flags, print }: Invocation,
  out: string | undefined,
): void {
  if (flags['json'] === true && out !== undefined) {
    const rows = results.map((one) => ({
      file: one.file,
      arch: one.arch,
      result: one.kind,
      ...(one.kind === 'compiled' ? { written: one.written } : {}),
      ...(one.kind === 'failed' ? { error: one.error } : {}),
    }));
    print.data(`${JSON.stringify(rows, null, 2)}\n`);
    return;
  }
  for (const one of results) {
    if (one.kind === 'failed') print.talk(one.error);
    else if (one.kind === 'skip') print.talk(`skip ${one.file}: not for ${one.arch}\n`);
    else if (out === undefined) print.data(one.text);
  }
  if (out === undefined) return;
  const count = (kind: CompiledFile['kind']): number =>
    results.filter((one) => one.kind === kind).length;
  const failed = count('failed') > 0 ? `, ${count('failed')} failed` : '';
  print.talk(`${count('compiled')} compiled, ${count('skip')} skipped${failed}\n`);
}
