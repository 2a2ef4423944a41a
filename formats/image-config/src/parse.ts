import { KilnError, shorten } from '@kiln/base';
import { decodeYamlDocument } from '@kiln/yaml';
import { apkoConfigSchema, imageConfigSchema } from './schema.ts';
import type { ConfigDialect, ImageConfig } from './types.ts';
import { problems } from './validate.ts';

/**
 * Reads an image configuration: YAML, or JSON, which is YAML. Trailing slashes of repositories are removed and
 * architectures get their canonical names. Throws `YAML_INVALID`, `YAML_UNKNOWN_KEY` or `YAML_TYPE` for the text and
 * `IMAGE_CONFIG_INVALID` for a rule of the configuration, `IMAGE_CONFIG_WORDS` for one of commands, all with file, line and column.
 * `include` is not followed: see `mergeImageConfig`. Dialect `apko` knows the keys of apko 1.2.37, and leaves to the build what
 * only a build can trip over: see `buildProblems`; of a file that another one includes it leaves the certificates, which that
 * one's may take the place of, to `checkImageConfig`.
 */
export function parseImageConfig(
  text: string,
  file: string,
  dialect: ConfigDialect = 'kiln',
  part: 'whole' | 'included' = 'whole',
): ImageConfig {
  if (isBlank(text)) {
    throw new KilnError('IMAGE_CONFIG_INVALID', 'the configuration is empty', {
      position: { file, line: 1, column: 1 },
      hint: 'an image needs at least contents with repositories and packages',
    });
  }
  const schema = dialect === 'apko' ? apkoConfigSchema : imageConfigSchema;
  const { value, positionOf } = decodeYamlDocument(text, {
    file,
    schema,
    ...(dialect === 'apko' ? { form: 'go', furtherDocuments: 'ignore' } : {}),
  });
  const isLeft = dialect === 'apko' && part === 'included';
  const judged = isLeft ? { ...value, certificates: undefined } : value;
  const [first] = problems(judged, dialect);
  if (first === undefined) return value;
  throw new KilnError(first.code, first.message, {
    position: positionOf(first.path),
    hint: first.hint,
  });
}

/** Without anything but comments. Looked at line by line, since a pattern of all lines takes turns that double with each. */
function isBlank(text: string): boolean {
  return text.split(/[\n\r\u2028\u2029]/).every((line) => /^\s*(?:#|$)/.test(line));
}

/**
 * Applies the rules to a configuration that was merged of several; `what` is named in the message. Throws `IMAGE_CONFIG_INVALID` and
 * `IMAGE_CONFIG_WORDS`.
 */
export function checkImageConfig(
  config: ImageConfig,
  what: string,
  dialect: ConfigDialect = 'kiln',
): void {
  const [first] = problems(config, dialect);
  if (first === undefined) return;
  throw new KilnError(first.code, `${shorten(what, 200)}: ${first.message}`, {
    hint: first.hint,
  });
}
