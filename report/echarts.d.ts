/** Leads the compiler to the types of ECharts: its own entry names them in a way that CommonJS cannot follow. */
declare module 'echarts' {
  export * from 'echarts/types/dist/echarts';
}
