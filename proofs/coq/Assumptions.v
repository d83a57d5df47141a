(** * What each theorem rests on

    Compiling this file prints, for every theorem of the folder, the axioms that
    its proof uses.  Allowed are those of Coq's standard library of real numbers:
    - [ClassicalDedekindReals.sig_forall_dec], [ClassicalDedekindReals.sig_not_dec]:
      the real numbers are classical;
    - [FunctionalExtensionality.functional_extensionality_dep];
    - [Classical_Prop.classic]: excluded middle.
    There is no other, and in particular no [Admitted]. *)

From RSTheory Require Import
  Setting Convexity Gaussian A1 A2_A3 B1_B2 B3 B5 B7 C5 D2_D3 E4.

(** A1: the radius function *)
Print Assumptions A1_increasing.
Print Assumptions A1_half.
Print Assumptions A1_odd.
Print Assumptions A1_unbounded.

(** A2, A3, A4: sensitivity and convexity; the Gaussian integral *)
Print Assumptions gaussian_integral.
Print Assumptions derive_Phi.
Print Assumptions Phi_increasing.
Print Assumptions Phi_limit.
Print Assumptions Phi_01.
Print Assumptions Phi_Q.
Print Assumptions Q_Phi.
Print Assumptions derive_Q.
Print Assumptions A2.
Print Assumptions A2_minimum.
Print Assumptions A4_ratio.
Print Assumptions A3.
Print Assumptions A3_convex_upper_half.
Print Assumptions A3_convex.

(** B1, B2: the constant classifier and its budget *)
Print Assumptions B2_share.
Print Assumptions B2_classes.
Print Assumptions B2_sufficient.
Print Assumptions B2_necessary.
Print Assumptions B2_budget_exists.
Print Assumptions B2_smallest.
Print Assumptions B2_ACR.
Print Assumptions B1.

(** B3: the printed budget *)
Print Assumptions B3_printed_budget_is_2.
Print Assumptions B3_bound_below_half.
Print Assumptions B3_refuted.

(** B5: linear in sigma *)
Print Assumptions B5_linear.
Print Assumptions B5_passes.
Print Assumptions B5_unbounded.

(** B7: infinite-budget ranking *)
Print Assumptions B7_gap_diverges.
Print Assumptions B7_ranking.
Print Assumptions B7_full_bound.

(** C5: inequality is rewarded *)
Print Assumptions jensen.
Print Assumptions C5_spread_keeps_mean.
Print Assumptions C5_transfers.
Print Assumptions C5_splitting.

(** D2, D3: curves of certified accuracy *)
Print Assumptions D2.
Print Assumptions D2_improper.
Print Assumptions D3.

(** E4: the shell *)
Print Assumptions E4_equal_density.
Print Assumptions E4_smaller_density.
Print Assumptions E4_equal_norm.
Print Assumptions E4_projection_stays_on_shell.
