import type { Command, RawCommand } from './command.ts';

/** A command that is loaded only when it is used. */
export interface Entry {
  /** For the overview: a few words, lower case. */
  readonly summary: string;
  load(): Promise<Command | RawCommand>;
}

/** Every command by its words; `process` is for Kiln itself and in no overview. */
export const commands: Readonly<Record<string, Entry>> = {
  up: {
    summary: 'start the factory and bring the catalog to its desired state',
    load: async () => (await import('./commands/up.ts')).up,
  },
  down: {
    summary: 'stop the factory',
    load: async () => (await import('./commands/down.ts')).down,
  },
  status: {
    summary: 'say where everything is and how far it got',
    load: async () => (await import('./commands/status.ts')).status,
  },
  logs: {
    summary: 'print the log of a key or of a process',
    load: async () => (await import('./commands/logs.ts')).logs,
  },
  reset: {
    summary: 'delete all state of the factory',
    load: async () => (await import('./commands/reset.ts')).reset,
  },
  resync: {
    summary: 'look at keys again now',
    load: async () => (await import('./commands/resync.ts')).resync,
  },
  gc: {
    summary: 'remove what nothing keeps',
    load: async () => (await import('./commands/gc.ts')).gc,
  },
  'gc status': {
    summary: 'say when it was removed last, and what',
    load: async () => (await import('./commands/gc.ts')).gcStatus,
  },
  'gc why': {
    summary: 'say what keeps a digest',
    load: async () => (await import('./commands/gc.ts')).gcWhy,
  },
  init: {
    summary: 'make a catalog of your own',
    load: async () => (await import('./commands/init.ts')).init,
  },
  'image ls': {
    summary: 'list images',
    load: async () => (await import('./commands/image.ts')).imageLs,
  },
  'image show': {
    summary: 'show an image',
    load: async () => (await import('./commands/image.ts')).imageShow,
  },
  'image why': {
    summary: 'say why a package or a file is in an image',
    load: async () => (await import('./commands/image-why.ts')).imageWhy,
  },
  'image sbom': {
    summary: 'print the bill of materials of an image',
    load: async () => (await import('./commands/image-sbom.ts')).imageSbom,
  },
  'image diff': {
    summary: 'compare two images',
    load: async () => (await import('./commands/image-diff.ts')).imageDiff,
  },
  'image history': {
    summary: 'list when tags moved and where to',
    load: async () => (await import('./commands/image-history.ts')).imageHistory,
  },
  'image packages': {
    summary: 'list what any version of an image is made of',
    load: async () => (await import('./commands/image-packages.ts')).imagePackages,
  },
  'image compose': {
    summary: 'make an image of another one: packages added, another environment',
    load: async () => (await import('./commands/image-compose.ts')).imageCompose,
  },
  'image run': {
    summary: 'run an image in a sandbox, without Docker',
    load: async () => (await import('./commands/image-run.ts')).imageRun,
  },
  'image build': {
    summary: 'build images of a configuration, without a factory',
    load: async () => (await import('./commands/image-build.ts')).imageBuild,
  },
  'image publish': {
    summary: 'build images and push them to a registry',
    load: async () => (await import('./commands/image-publish.ts')).imagePublish,
  },
  'image lock': {
    summary: 'write down exactly which packages an image means',
    load: async () => (await import('./commands/image-lock.ts')).imageLock,
  },
  'image show-config': {
    summary: 'print a configuration with all it includes',
    load: async () => (await import('./commands/image-show-config.ts')).imageShowConfig,
  },
  'image show-packages': {
    summary: 'print the packages that an image would have',
    load: async () => (await import('./commands/image-show-packages.ts')).imageShowPackages,
  },
  'image dot': {
    summary: 'print which package of an image needs which',
    load: async () => (await import('./commands/image-dot.ts')).imageDot,
  },
  'image build-minirootfs': {
    summary: 'write the file system of an image as a tar archive',
    load: async () => (await import('./commands/image-root.ts')).imageBuildMinirootfs,
  },
  'image build-cpio': {
    summary: 'write the file system of an image as a cpio archive',
    load: async () => (await import('./commands/image-root.ts')).imageBuildCpio,
  },
  'package build': {
    summary: 'build recipes into packages, without a factory',
    load: async () => (await import('./commands/package-build.ts')).packageBuild,
  },
  'package bump': {
    summary: 'set a recipe to another version',
    load: async () => (await import('./commands/package-bump.ts')).packageBump,
  },
  'package compile': {
    summary: 'compile recipes, without a factory',
    load: async () => (await import('./commands/package-compile.ts')).packageCompile,
  },
  'package graph': {
    summary: 'show in which order to build recipes, and what a change affects',
    load: async () => (await import('./commands/package-graph.ts')).packageGraph,
  },
  'package schema': {
    summary: 'print the JSON Schema of recipes',
    load: async () => (await import('./commands/package-schema.ts')).packageSchema,
  },
  'package test': {
    summary: 'run the tests of recipes, without a factory',
    load: async () => (await import('./commands/package-test.ts')).packageTest,
  },
  'package why': {
    summary: 'say why a recipe was, or would be, built again',
    load: async () => (await import('./commands/package-why.ts')).packageWhy,
  },
  'package diff': {
    summary: 'compare two packages, or one with the published version',
    load: async () => (await import('./commands/package-diff.ts')).packageDiff,
  },
  'package lint': {
    summary: 'look for what should not be in packages',
    load: async () => (await import('./commands/package-lint.ts')).packageLint,
  },
  'package ls': {
    summary: 'list packages',
    load: async () => (await import('./commands/package.ts')).packageLs,
  },
  'package query': {
    summary: 'print what a template makes of recipes',
    load: async () => (await import('./commands/package-query.ts')).packageQuery,
  },
  'package scan': {
    summary: 'compare packages with what their recipe says of them',
    load: async () => (await import('./commands/package-scan.ts')).packageScan,
  },
  'package show': {
    summary: 'show a package',
    load: async () => (await import('./commands/package.ts')).packageShow,
  },
  'package used-by': {
    summary: 'list the images that have a package',
    load: async () => (await import('./commands/package-used-by.ts')).packageUsedBy,
  },
  'queue ls': {
    summary: 'list the keys of the work queue',
    load: async () => (await import('./commands/queue.ts')).queueLs,
  },
  'queue show': {
    summary: 'show a key and its attempts',
    load: async () => (await import('./commands/queue.ts')).queueShow,
  },
  'queue retry': {
    summary: 'run a parked key again',
    load: async () => (await import('./commands/queue.ts')).queueRetry,
  },
  verify: {
    summary: 'check an image’s signature, SBOM and provenance',
    load: async () => (await import('./commands/verify.ts')).verify,
  },
  'key public': {
    summary: 'print a public key',
    load: async () => (await import('./commands/key.ts')).keyPublic,
  },
  'key generate': {
    summary: 'make a key pair for packages and indexes',
    load: async () => (await import('./commands/key.ts')).keyGenerate,
  },
  'key sign': {
    summary: 'sign package and index files',
    load: async () => (await import('./commands/key.ts')).keySign,
  },
  index: {
    summary: 'make a repository index of package files',
    load: async () => (await import('./commands/index.ts')).index,
  },
  'seed export': {
    summary: 'write the seed as a repository for builds without a factory',
    load: async () => (await import('./commands/seed-export.ts')).seedExport,
  },
  'config show': {
    summary: 'print the configuration and where each value comes from',
    load: async () => (await import('./commands/config-show.ts')).configShow,
  },
  apko: {
    summary: 'do what apko does, with its flags',
    load: async () => (await import('./commands/apko.ts')).apko,
  },
  melange: {
    summary: 'do what melange does, with its flags',
    load: async () => (await import('./commands/melange.ts')).melange,
  },
  test: { summary: 'run the tests', load: async () => (await import('./commands/test.ts')).test },
  process: {
    summary: 'run one process of the factory (used by kiln itself)',
    load: async () => (await import('./commands/process.ts')).processCommand,
  },
};
