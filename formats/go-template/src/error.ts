import { KilnError, type Position } from '@kiln/base';

/**
 * `TEMPLATE_INVALID`: not a template. `TEMPLATE_UNSUPPORTED`: a template of Go that Kiln does not execute.
 * `TEMPLATE_FAILED`: a template that does not fit its data. `TEMPLATE_LIMIT`: too large, too deep, too long.
 */
export type TemplateErrorCode =
  | 'TEMPLATE_INVALID'
  | 'TEMPLATE_UNSUPPORTED'
  | 'TEMPLATE_FAILED'
  | 'TEMPLATE_LIMIT';

export function templateError(
  code: TemplateErrorCode,
  message: string,
  position: Position,
  hint?: string,
): KilnError {
  return new KilnError(code, message, { position, hint });
}
