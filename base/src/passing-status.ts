/** Whether what a server answers with this status may be answered otherwise in a moment (RFC 9110, 15.5.9 and 15.6; RFC 6585, 4). */
export function isPassingStatus(status: number): boolean {
  return status >= 500 || status === 429 || status === 408;
}
