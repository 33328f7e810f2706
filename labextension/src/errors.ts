/** The server refused, or did not answer; the words are the server's own. */
export class QcredError extends Error {
  /**
   * @param status of the answer; 0 where there was none
   * @param code of the package's errors, such as `issuer_sealed`
   * @param reason what failed
   * @param nextStep what to do about it; empty where the server names nothing
   */
  constructor(
    readonly status: number,
    readonly code: string,
    readonly reason: string,
    readonly nextStep = ''
  ) {
    super(nextStep ? `${reason}. ${nextStep}.` : reason);
    this.name = 'QcredError';
  }
}
