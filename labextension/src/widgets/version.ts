// What a kernel asks the front end for; both halves are of one version, which a test compares.

export const MODULE = 'tfmfa_nb';
export const VERSION = '0.1.0';
