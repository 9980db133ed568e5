/** The settings of training, each with the default that docs/decisions accounts for. */

export interface TrainingOptions {
  readonly hiddenUnits: readonly number[];
  /** Share of the inputs and of the hidden units that are left out in each step. */
  readonly inputDropout: number;
  readonly dropout: number;
  readonly learningRate: number;
  readonly batchSize: number;
  /** Never fewer: with few rows a short fit has taken too few steps, whatever its loss says. */
  readonly minimumEpochs: number;
  readonly maximumEpochs: number;
  /** Epochs without a better calibrated validation loss after which an inner fold stops. */
  readonly patience: number;
  /** Epochs when there is nothing to validate on: one subject with one device. */
  readonly fallbackEpochs: number;
  /** Parts that the subjects (devices, when there is one subject) are split into. */
  readonly innerFolds: number;
  readonly classWeights: boolean;
}

export const DEFAULT_TRAINING: TrainingOptions = {
  hiddenUnits: [64],
  inputDropout: 0.2,
  dropout: 0.5,
  learningRate: 0.003,
  batchSize: 256,
  minimumEpochs: 30,
  maximumEpochs: 60,
  patience: 20,
  fallbackEpochs: 40,
  innerFolds: 3,
  classWeights: true,
};
