/** A dense network on TensorFlow.js: its weights, its forward pass, and their bytes. */
import * as tf from '@tensorflow/tfjs';
import { WatchlakeError } from '../core/errors';
import type { Random } from '../core/random';
import { normal } from '../core/random';

export interface Layer {
  readonly units: number;
  readonly activation: string;
}

interface DenseWeights {
  readonly kernel: tf.Variable;
  readonly bias: tf.Variable;
}

/** Multiplies hidden activations, for dropout; called once for each hidden layer of a pass. */
export type Mask = (rows: number, units: number) => tf.Tensor2D;

/**
 * The product whose gradient transposes before it multiplies: the WebAssembly backend is seven times
 * slower at products with a transposed operand, which TensorFlow.js's own gradient asks for.
 */
const product = tf.customGrad((x, kernel, save) => {
  const [left, right] = [x as tf.Tensor2D, kernel as tf.Tensor2D];
  (save as tf.GradSaveFunc)([left, right]);
  return {
    value: tf.matMul(left, right),
    gradFunc: (dy, saved) => {
      const [a, b] = saved as [tf.Tensor2D, tf.Tensor2D];
      return [tf.matMul(dy, tf.transpose(b)), tf.matMul(tf.transpose(a), dy)];
    },
  };
});

export class Network {
  readonly layers: readonly Layer[];
  readonly inputs: number;
  private readonly weights: readonly DenseWeights[];

  constructor(inputs: number, layers: readonly Layer[], values: Iterable<Float32Array>) {
    this.inputs = inputs;
    this.layers = layers;
    const parts = [...values];
    this.weights = layers.map(({ units }, index) => {
      const rows = index === 0 ? inputs : (layers[index - 1] as Layer).units;
      const [kernel, bias] = [parts[2 * index], parts[2 * index + 1]];
      return tf.tidy(() => ({
        kernel: tf.variable(tf.tensor2d(kernel as Float32Array, [rows, units])),
        bias: tf.variable(tf.tensor1d(bias as Float32Array)),
      }));
    });
  }

  /** Glorot's normal initialisation, from our own chance so that every backend starts alike. */
  static initialised(inputs: number, layers: readonly Layer[], random: Random): Network {
    const values = layers.flatMap(({ units }, index) => {
      const rows = index === 0 ? inputs : (layers[index - 1] as Layer).units;
      const spread = Math.sqrt(2 / (rows + units));
      const kernel = Float32Array.from({ length: rows * units }, () => normal(random) * spread);
      return [kernel, new Float32Array(units)];
    });
    return new Network(inputs, layers, values);
  }

  get variables(): tf.Variable[] {
    return this.weights.flatMap(({ kernel, bias }) => [kernel, bias]);
  }

  /** Logits; with a mask, as in training. */
  forward(rows: tf.Tensor2D, mask?: Mask): tf.Tensor2D {
    return this.weights.reduce((x, { kernel, bias }, index) => {
      const sum = tf.add<tf.Tensor2D>(product(x, kernel), bias);
      if (index === this.weights.length - 1) return sum;
      const active = tf.relu(sum);
      return mask ? tf.mul(active, mask(active.shape[0], active.shape[1])) : active;
    }, rows);
  }

  /** Kernel and bias of each layer in turn, float32 little endian. */
  async toBytes(): Promise<Uint8Array> {
    const parts = await Promise.all(this.variables.map((variable) => variable.data()));
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    const view = new DataView(new ArrayBuffer(length * 4));
    let offset = 0;
    for (const part of parts) {
      for (const value of part) {
        view.setFloat32(offset, value, true);
        offset += 4;
      }
    }
    return new Uint8Array(view.buffer);
  }

  static fromBytes(inputs: number, layers: readonly Layer[], bytes: Uint8Array): Network {
    const sizes = layers.flatMap(({ units }, index) => {
      const rows = index === 0 ? inputs : (layers[index - 1] as Layer).units;
      return [rows * units, units];
    });
    const expected = 4 * sizes.reduce((sum, size) => sum + size, 0);
    if (bytes.byteLength !== expected) {
      const detail = `its weights have ${bytes.byteLength} bytes, expected ${expected}`;
      throw new WatchlakeError('ARTEFACT_INVALID', { detail });
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let offset = 0;
    const values = sizes.map((size) =>
      Float32Array.from({ length: size }, () => {
        offset += 4;
        return view.getFloat32(offset - 4, true);
      }),
    );
    return new Network(inputs, layers, values);
  }

  dispose(): void {
    tf.dispose(this.variables);
  }
}
