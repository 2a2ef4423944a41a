/** `e_machine` and the names of the ELF specification as Go has them, in its order; `~` is a blank that some end with. */
const named: readonly (readonly [machine: number, names: string])[] = [
  [0, 'NONE M32 SPARC 386 68K 88K'],
  [7, '860 MIPS S370 MIPS_RS3_LE'],
  [15, 'PARISC'],
  [17, 'VPP500 SPARC32PLUS 960 PPC PPC64 S390'],
  [36, 'V800 FR20 RH32 RCE ARM'],
  [42, 'SH SPARCV9 TRICORE ARC H8_300 H8_300H H8S H8_500 IA_64 MIPS_X COLDFIRE 68HC12 MMA PCP'],
  [56, 'NCPU NDR1 STARCORE ME16 ST100 TINYJ X86_64 PDSP PDP10 PDP11 FX66 ST9PLUS ST7 68HC16'],
  [70, '68HC11 68HC08 68HC05 SVX ST19 VAX CRIS JAVELIN FIREPATH ZSP MMIX HUANY PRISM AVR FR30'],
  [85, 'D10V D30V V850 M32R MN10300 MN10200 PJ OPENRISC ARC_COMPACT XTENSA VIDEOCORE TMM_GPP'],
  [97, 'NS32K TPC SNP1K ST200 IP2K MAX CR F2MC16 MSP430 BLACKFIN SE_C33 SEP ARCA UNICORE EXCESS'],
  [112, 'DXP ALTERA_NIOS2 CRX XGATE C166 M16C DSPIC30F CE M32C'],
  [131, 'TSK3000 RS08 SHARC ECOG2 SCORE7 DSP24 VIDEOCORE3 LATTICEMICO32 SE_C17 TI_C6000 TI_C2000'],
  [142, 'TI_C5500 TI_ARP32 TI_PRU'],
  [160, 'MMDSP_PLUS CYPRESS_M8C R32C TRIMEDIA QDSP6 8051 STXP7X NDS32 ECOG1 MAXQ30 XIMO16 MANIK'],
  [172, 'CRAYNV2 RX METAG MCST_ELBRUS ECOG16 CR16 ETPU SLE9X L10M K10M'],
  [183, 'AARCH64'],
  [185, 'AVR32 STM8 TILE64 TILEPRO MICROBLAZE CUDA TILEGX CLOUDSHIELD COREA_1ST COREA_2ND'],
  [
    195,
    'ARC_COMPACT2 OPEN8 RL78 VIDEOCORE5 78KOR 56800EX BA1 BA2 XCORE MCHP_PIC INTEL205 INTEL206',
  ],
  [207, 'INTEL207 INTEL208 INTEL209 KM32 KMX32 KMX16 KMX8 KVARC CDP COGE COOL NORC'],
  [219, 'CSR_KALIMBA~ Z80~ VISIUM~ FT32~'],
  [223, 'MOXIE AMDGPU'],
  [243, 'RISCV LANAI'],
  [247, 'BPF'],
  [258, 'LOONGARCH'],
  [6, '486'],
  [10, 'MIPS_RS4_BE'],
  [41, 'ALPHA_STD'],
  [0x9026, 'ALPHA'],
];

const names = named.flatMap(([first, list]) =>
  list.split(' ').map((name, index) => [first + index, `EM_${name.replace('~', ' ')}`] as const),
);

/**
 * `e_machine` in words, as Go shows it: of a machine without a name the last one in its list that is smaller, and how much
 * is missing (`EM_ALPHA_STD+20844`).
 */
export function machineName(machine: number): string {
  const exact = names.find(([number]) => number === machine);
  if (exact !== undefined) return exact[1];
  const [smaller, name] = names.findLast(([number]) => number < machine) ?? [0, ''];
  return `${name}+${machine - smaller}`;
}
