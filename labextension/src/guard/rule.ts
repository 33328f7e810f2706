/** How one kind of key is told from everything else; `Detector` of jupyter_qcred/detect says what each field means. */
export interface IRule {
  readonly id: string;
  readonly title: string;
  readonly vendor: string;
  /** The name under which kernels use such a key; empty where it is not known. */
  readonly credential: string;
  /** Which part of that credential it is; empty for the one that is the credential itself. */
  readonly field: string;
  readonly priority: number;
  readonly anchors: readonly string[];
  readonly near: readonly number[];
  readonly context: readonly string[];
  readonly context_reach: number;
  readonly unless: readonly string[];
  readonly entropy: number;
  readonly needs: readonly string[];
  readonly checks: readonly string[];
  readonly payload: readonly string[];
  readonly stop: readonly string[];
  /** Source of a RegExp with a group `secret`, or `bare`; with the borders round it. */
  readonly regex: string;
  /** Source of the RegExp for places where a match may begin; empty without `near`. */
  readonly lead: string;
}

/** Where a key is in a text, and the rule that names it. */
export interface IFinding {
  readonly start: number;
  readonly end: number;
  readonly rule: string;
}
