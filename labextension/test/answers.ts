import type { ICredential, IKernel, ILogin, INotice, IStatus, ITrap } from '../src/wire';

export const KERNEL = 'kernel-1';

/** What the server tells of one credential; some fields as a test wants them. */
export function credential(fields: Partial<ICredential> = {}): ICredential {
  return {
    credential: 'ibm-quantum',
    vendor: 'ibm-quantum',
    lease_id: 'lease-1',
    state: 'live',
    expires_in: 720,
    renewals: 0,
    renewable: true,
    revocable: true,
    labels: {},
    delivery: 'direct',
    ...fields
  };
}

export function notice(fields: Partial<INotice> = {}): INotice {
  return {
    credential: 'ibm-quantum',
    code: 'needs_login',
    reason: 'Your login has ended',
    next_step: 'Log in again',
    held: false,
    ends_in: null,
    since: '2026-05-01T14:02:00+00:00',
    ...fields
  };
}

export function trap(fields: Partial<ITrap> = {}): ITrap {
  return {
    path: '/home/ada/cloned/.env',
    line: 3,
    variable: 'IONQ_API_URL',
    vendor: 'ionq',
    effect: 'address',
    code: 'redirected',
    reason: '/home/ada/cloned/.env, line 3: IONQ_API_URL leads qiskit-ionq to evil.example',
    next_step: 'Remove it, unless you know what it is for',
    ...fields
  };
}

export function kernel(fields: Partial<IKernel> = {}): IKernel {
  return {
    session: 'session-1',
    kernel: KERNEL,
    notebook: '/home/ada/work.ipynb',
    claimed: true,
    token_expires_in: 600,
    credentials: [],
    available: [],
    notices: [],
    folder: [],
    ...fields
  };
}

export function login(fields: Partial<ILogin> = {}): ILogin {
  return {
    needed: true,
    state: 'none',
    handle: '',
    code: '',
    reason: '',
    next_step: '',
    ...fields
  };
}

export function status(kernels: readonly IKernel[], fields: Partial<IStatus> = {}): IStatus {
  return {
    version: '1',
    user: 'ada',
    enabled: true,
    durable: true,
    stores_keys: true,
    issuer: {
      description: 'OpenBao at http://127.0.0.1:8200',
      health: 'ok',
      reason: '',
      since: '',
      next_try_in: null
    },
    login: null,
    kernels,
    outstanding: [],
    leftovers: [],
    ...fields
  };
}
