import { guard } from './guard/plugin';
import { model, view } from './plugin';

export { QcredError } from './errors';
export type { ILease, ISnapshot } from './snapshot';
export { ILeaseModel } from './tokens';
export type { ILeaseState } from './tokens';

export default [model, view, guard];
