(** * A function whose second derivative is nonnegative is convex

    Statement.  Let [I] be an interval (a set that contains what lies between two of
    its points), and let [f] have a first derivative [f'] and a second derivative
    [f''] on [I].  If [f' >= 0] then [f] does not decrease on [I]; if [f'' >= 0] then
    [f] is convex on [I].

    Idea.  For [m] between [x] and [y] the mean value theorem on [x, m] and on
    [m, y] turns the claim into [f' c1 <= f' c2] with [c1 <= m <= c2]; and [f'] does
    not decrease, by the mean value theorem once more. *)

Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
From RSTheory Require Import Setting Convexity.
Open Scope R_scope.

Section Interval.

Variable I : R -> Prop.
Hypothesis I_interval : forall x y z, I x -> I z -> x <= y <= z -> I y.

(** The mean value theorem between two points of [I]. *)
Lemma mean_value (f f' : R -> R) (x y : R) :
  (forall t, I t -> is_derive f t (f' t)) -> I x -> I y -> x <= y ->
  exists c, x <= c <= y /\ f y - f x = f' c * (y - x).
Proof.
  intros Hf Hx Hy Hxy.
  assert (Hbetween : forall t, x <= t <= y -> I t) by (intros t; now apply I_interval).
  destruct (MVT_gen f x y f') as [c [Hc Hmean]].
  - rewrite Rmin_left, Rmax_right by exact Hxy; intros t Ht.
    apply Hf, Hbetween; lra.
  - rewrite Rmin_left, Rmax_right by exact Hxy; intros t Ht.
    apply continuity_pt_filterlim, (ex_derive_continuous (V := R_NormedModule)).
    eexists; apply Hf, Hbetween, Ht.
  - rewrite Rmin_left, Rmax_right in Hc by exact Hxy.
    now exists c.
Qed.

Theorem non_decreasing_of_derivative (f f' : R -> R) (x y : R) :
  (forall t, I t -> is_derive f t (f' t)) -> (forall t, I t -> 0 <= f' t) ->
  I x -> I y -> x <= y -> f x <= f y.
Proof.
  intros Hf Hpos Hx Hy Hxy.
  destruct (mean_value f f' x y Hf Hx Hy Hxy) as [c [Hc Hmean]].
  pose proof (Hpos c (I_interval x c y Hx Hy Hc)); nra.
Qed.

Section Convex.

Variables f f' f'' : R -> R.
Hypothesis f_derive : forall x, I x -> is_derive f x (f' x).
Hypothesis f'_derive : forall x, I x -> is_derive f' x (f'' x).
Hypothesis f''_nonneg : forall x, I x -> 0 <= f'' x.

(** The chord between ordered points. *)
Lemma chord_above (x y t : R) :
  I x -> I y -> x <= y -> 0 <= t <= 1 ->
  f (t * x + (1 - t) * y) <= t * f x + (1 - t) * f y.
Proof.
  intros Hx Hy Hxy Ht.
  set (m := t * x + (1 - t) * y).
  assert (Hm : x <= m <= y) by (unfold m; nra).
  pose proof (I_interval x m y Hx Hy Hm) as Im.
  destruct (mean_value f f' x m f_derive Hx Im) as [c1 [Hc1 H1]]; [lra |].
  destruct (mean_value f f' m y f_derive Im Hy) as [c2 [Hc2 H2]]; [lra |].
  assert (Hslope : f' c1 <= f' c2).
  { apply (non_decreasing_of_derivative f' f''); trivial.
    - now apply I_interval with x m.
    - now apply I_interval with m y.
    - lra. }
  replace (m - x) with ((1 - t) * (y - x)) in H1 by (unfold m; ring).
  replace (y - m) with (t * (y - x)) in H2 by (unfold m; ring).
  assert (Hgap : 0 <= t * (1 - t) * (y - x) * (f' c2 - f' c1)).
  { repeat apply Rmult_le_pos; lra. }
  nra.
Qed.

Theorem convex_of_second_derivative : convex_on I f.
Proof.
  intros x y t Hx Hy Ht.
  destruct (Rle_lt_dec x y) as [Hxy | Hyx].
  - now apply chord_above.
  - pose proof (chord_above y x (1 - t) Hy Hx) as Hchord.
    replace ((1 - t) * y + (1 - (1 - t)) * x) with (t * x + (1 - t) * y) in Hchord by ring.
    replace ((1 - t) * f y + (1 - (1 - t)) * f x) with (t * f x + (1 - t) * f y)
      in Hchord by ring.
    apply Hchord; lra.
Qed.

End Convex.

End Interval.
