export * from './deployment-hook';
export * from './overrides';
export * from './run';
export * from './run-options';
export * from './run-props';
export * from './task-runner';
export * from './update-criterion';
export * from './volume';
