/** The window that lets a piece of signal begin and end at nothing, before its Fourier transform. */
export const hann = (length: number): Float64Array =>
  Float64Array.from({ length }, (_, at) => 0.5 - 0.5 * Math.cos((2 * Math.PI * at) / length));
