/** Every workflow that the workers know; the only barrel, because the bundle needs one entry. */
export { activeLearningLoop } from './active-learning-loop';
export { aggregateDevices } from './aggregate-devices';
export { annotationCampaign } from './annotation-campaign';
export { athenaQuery } from './athena-query';
export { eraseSubject } from './erase-subject';
export { ingest } from './ingest';
export { landDeviceEvents } from './land-device-events';
export { predictStream } from './predict-stream';
export { provision } from './provision';
export { refreshTables } from './refresh-tables';
export { retrain } from './retrain';
export { simulateDevices } from './simulate-devices';
export { trainModel } from './train-model';
