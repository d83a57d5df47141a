(** * D2 and D3: what a curve of certified accuracies says, for finite samples

    Statement of D2.  A finite sample has radii [R_1, ..., R_n >= 0] (0 where the
    prediction is wrong or the procedure abstains).  The certified accuracy at
    [x] is the share of the samples with radius at least [x].  Its integral over
    [0, infinity) is the mean radius, ACR.

    Statement of D3.  Two models are given as laws of finitely many label
    probabilities, and [survival l u] is the share of samples with [p >= u] (a
    sample that fails carries the value 0, or whatever label probability it has:
    the theorem holds for any real values).  Then [survival A >= survival B]
    everywhere if and only if every non-decreasing utility has at least as large
    a mean under A as under B.

    Idea.  D2: a radius is the integral of the step function that is 1 up to it.
    D3: on finitely many values a non-decreasing utility is a constant plus a sum
    of steps of nonnegative height, and the mean of a step is a value of the
    survival function; conversely, a step is itself a non-decreasing utility. *)

Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
Require Import List Sorted.
From RSTheory Require Import Setting.
Import ListNotations.
Open Scope R_scope.

(** The step at [u]: 1 from [u] on, 0 before. *)
Definition step (u x : R) : R := if Rle_dec u x then 1 else 0.

(** ** D2 *)

(** The share of the samples whose radius is at least [x]. *)
Definition certified_accuracy (radii : list R) (x : R) : R :=
  mean (map (step x) radii).

Lemma is_RInt_value (f : R -> R) (a b I J : R) :
  is_RInt f a b I -> I = J -> is_RInt f a b J.
Proof. now intros H <-. Qed.

Lemma step_integral (rad X : R) :
  0 <= rad <= X -> is_RInt (fun x => step x rad) 0 X rad.
Proof.
  intros Hrad.
  assert (Hbelow : is_RInt (fun x => step x rad) 0 rad (scal (rad - 0) 1)).
  { apply is_RInt_ext with (f := fun _ => 1).
    - rewrite Rmin_left, Rmax_right by lra; intros x Hx.
      unfold step; destruct (Rle_dec x rad); [reflexivity | lra].
    - apply @is_RInt_const. }
  assert (Habove : is_RInt (fun x => step x rad) rad X (scal (X - rad) 0)).
  { apply is_RInt_ext with (f := fun _ => 0).
    - rewrite Rmin_left, Rmax_right by lra; intros x Hx.
      unfold step; destruct (Rle_dec x rad); [lra | reflexivity].
    - apply @is_RInt_const. }
  apply (is_RInt_value _ _ _ _ _ (is_RInt_Chasles _ _ _ _ _ _ Hbelow Habove)).
  unfold plus, scal; simpl; unfold mult; simpl; ring.
Qed.

Lemma step_sum_integral (radii : list R) (X : R) :
  Forall (fun rad => 0 <= rad <= X) radii ->
  is_RInt (fun x => sum (map (step x) radii)) 0 X (sum radii).
Proof.
  induction 1 as [| rad radii Hrad _ IH]; simpl.
  - apply (is_RInt_value _ _ _ _ _ (is_RInt_const 0 X 0)).
    unfold scal; simpl; unfold mult; simpl; ring.
  - apply (is_RInt_plus (V := R_NormedModule)
             (fun x => step x rad) (fun x => sum (map (step x) radii))); trivial.
    now apply step_integral.
Qed.

(** Over any interval that holds all radii, the integral of certified accuracy is the
    mean radius. *)
Theorem D2 (radii : list R) (X : R) :
  Forall (fun rad => 0 <= rad <= X) radii ->
  is_RInt (certified_accuracy radii) 0 X (mean radii).
Proof.
  intros Hradii.
  apply is_RInt_ext with
    (f := fun x => scal (/ INR (length radii)) (sum (map (step x) radii))).
  - intros x _; unfold certified_accuracy, mean, scal; simpl; unfold mult; simpl.
    rewrite map_length; unfold Rdiv; ring.
  - apply (is_RInt_value _ _ _ _ _
             (is_RInt_scal _ _ _ (/ INR (length radii)) _ (step_sum_integral radii X Hradii))).
    unfold mean, scal; simpl; unfold mult; simpl; unfold Rdiv; ring.
Qed.

(** The integral of certified accuracy over [[0, infinity)] is the mean radius. *)
Theorem D2_improper (radii : list R) :
  Forall (fun rad => 0 <= rad) radii ->
  is_lim (RInt (certified_accuracy radii) 0) p_infty (mean radii).
Proof.
  intros Hradii.
  assert (Hlargest : exists X, Forall (fun rad => 0 <= rad <= X) radii).
  { induction Hradii as [| rad radii Hrad _ [X IH]].
    - exists 0; constructor.
    - exists (Rmax rad X); constructor.
      + split; [exact Hrad | apply Rmax_l].
      + apply (Forall_impl _ (P := fun rad' => 0 <= rad' <= X)); [| exact IH].
        intros rad' Hrad'; pose proof (Rmax_r rad X); lra. }
  destruct Hlargest as [X HX].
  apply is_lim_ext_loc with (f := fun _ => mean radii).
  - exists X; intros Y HY; symmetry.
    apply is_RInt_unique, D2.
    apply (Forall_impl _ (P := fun rad => 0 <= rad <= X)); [| exact HX].
    intros rad Hrad; lra.
  - apply is_lim_const.
Qed.

(** ** D3 *)

Definition non_decreasing (u : R -> R) : Prop := forall x y, x <= y -> u x <= u y.

(** The share of the samples with label probability at least [u]. *)
Definition survival (l : law) (u : R) : R := expect (step u) l.

Lemma step_non_decreasing (u : R) : non_decreasing (step u).
Proof.
  intros x y Hxy; unfold step.
  destruct (Rle_dec u x), (Rle_dec u y); lra.
Qed.

(** A staircase: a constant plus steps, given as a list of (place, height). *)
Definition staircase (base : R) (steps : list (R * R)) (x : R) : R :=
  base + sum (map (fun vh => snd vh * step (fst vh) x) steps).

(** The mean of a staircase is the base plus heights times survival. *)
Lemma expect_staircase (base : R) (steps : list (R * R)) (l : law) :
  expect (fun _ => 1) l = 1 ->
  expect (staircase base steps) l
  = base + sum (map (fun vh => snd vh * survival l (fst vh)) steps).
Proof.
  intros Htotal.
  enough (Hall : expect (staircase base steps) l
                 = base * expect (fun _ => 1) l
                   + sum (map (fun vh => snd vh * survival l (fst vh)) steps))
    by (rewrite Hall, Htotal; ring).
  clear Htotal; unfold survival.
  induction l as [| [w x] l IH].
  - unfold expect; simpl.
    induction steps as [| vh steps IHs]; simpl in *; lra.
  - rewrite !expect_cons, IH; clear IH; unfold staircase.
    induction steps as [| vh steps IHs]; simpl.
    + ring.
    + rewrite expect_cons; lra.
Qed.

(** Sorted lists: the values at which a utility is to be matched. *)
Fixpoint insert (x : R) (l : list R) : list R :=
  match l with
  | [] => [x]
  | y :: l' => if Rle_dec x y then x :: l else y :: insert x l'
  end.

Lemma insert_in (x y : R) (l : list R) : In y (x :: l) -> In y (insert x l).
Proof.
  induction l as [| v l IH]; simpl; [tauto |].
  destruct (Rle_dec x v); simpl in *; tauto.
Qed.

Lemma insert_sorted (x : R) (l : list R) :
  StronglySorted Rle l -> StronglySorted Rle (insert x l).
Proof.
  induction 1 as [| y l Hsorted IH Hy]; simpl.
  - repeat constructor.
  - destruct (Rle_dec x y) as [Hxy | Hyx].
    + constructor; [now constructor |].
      constructor; [exact Hxy |].
      apply (Forall_impl _ (P := Rle y)); [| exact Hy].
      intros v Hv; lra.
    + constructor; [exact IH |].
      clear - Hy Hyx.
      induction Hy as [| v l Hv Hl IHl]; simpl.
      * constructor; [lra | constructor].
      * destruct (Rle_dec x v); repeat (constructor; trivial); lra.
Qed.

Lemma sorted_values (l : list R) :
  exists vs, StronglySorted Rle vs /\ forall x, In x l -> In x vs.
Proof.
  induction l as [| x l [vs [Hsorted Hin]]].
  - exists []; split; [constructor | trivial].
  - exists (insert x vs); split; [now apply insert_sorted |].
    intros y Hy; apply insert_in.
    destruct Hy as [-> | Hy]; [now left | right; now apply Hin].
Qed.

(** The steps from [v0] up through the sorted values [vs] that follow [u]. *)
Fixpoint steps_of (u : R -> R) (v0 : R) (vs : list R) : list (R * R) :=
  match vs with
  | [] => []
  | v :: vs' => (v, u v - u v0) :: steps_of u v vs'
  end.

Lemma steps_nonnegative (u : R -> R) (v0 : R) (vs : list R) :
  non_decreasing u -> StronglySorted Rle (v0 :: vs) ->
  Forall (fun vh => 0 <= snd vh) (steps_of u v0 vs).
Proof.
  intros Hu; revert v0.
  induction vs as [| v vs IH]; intros v0 Hsorted; simpl; constructor.
  - inversion_clear Hsorted as [| ? ? _ Hv0].
    inversion_clear Hv0 as [| ? ? Hle _].
    apply Hu in Hle; simpl; lra.
  - apply IH; now inversion_clear Hsorted.
Qed.

(** A point before all the steps sees none of them. *)
Lemma staircase_before (u : R -> R) (v0 x : R) (vs : list R) :
  StronglySorted Rle (v0 :: vs) -> x <= v0 ->
  staircase (u v0) (steps_of u v0 vs) x = u v0.
Proof.
  revert v0; induction vs as [| v vs IH]; intros v0 Hsorted Hx.
  - unfold staircase; simpl; ring.
  - inversion_clear Hsorted as [| ? ? Hvs Hv0].
    inversion_clear Hv0 as [| ? ? Hle _].
    specialize (IH v Hvs ltac:(lra)).
    unfold staircase in *; simpl.
    assert (Hnothing : (u v - u v0) * step v x = 0).
    { unfold step; destruct (Rle_dec v x).
      - replace v with v0 by lra; ring.
      - ring. }
    lra.
Qed.

(** On the chosen values the staircase is the utility. *)
Lemma staircase_on_values (u : R -> R) (v0 x : R) (vs : list R) :
  StronglySorted Rle (v0 :: vs) -> In x (v0 :: vs) ->
  staircase (u v0) (steps_of u v0 vs) x = u x.
Proof.
  revert v0; induction vs as [| v vs IH]; intros v0 Hsorted Hin.
  - destruct Hin as [<- | []].
    unfold staircase; simpl; ring.
  - destruct Hin as [<- | Hin].
    + apply staircase_before; [exact Hsorted | lra].
    + inversion_clear Hsorted as [| ? ? Hvs _].
      specialize (IH v Hvs Hin).
      assert (Hpassed : step v x = 1).
      { unfold step; destruct (Rle_dec v x) as [_ | Hnot]; [reflexivity |].
        exfalso; apply Hnot.
        destruct Hin as [-> | Hin]; [lra |].
        inversion_clear Hvs as [| ? ? _ Hv].
        now apply (proj1 (Forall_forall _ _) Hv). }
      unfold staircase in *; simpl.
      rewrite Hpassed; lra.
Qed.

(** Only the values of the law matter for a mean. *)
Lemma expect_ext (f g : R -> R) (l : law) :
  (forall x, In x (map snd l) -> f x = g x) -> expect f l = expect g l.
Proof.
  induction l as [| [w x] l IH]; intros Hsame; simpl in *; [reflexivity |].
  rewrite !expect_cons, IH by auto.
  rewrite (Hsame x) by auto; reflexivity.
Qed.

(** The list of steps alone decides: larger survival, larger mean. *)
Lemma steps_compare (A B : law) (steps : list (R * R)) :
  (forall v, survival B v <= survival A v) ->
  Forall (fun vh => 0 <= snd vh) steps ->
  sum (map (fun vh => snd vh * survival B (fst vh)) steps)
  <= sum (map (fun vh => snd vh * survival A (fst vh)) steps).
Proof.
  intros Hdominates.
  induction 1 as [| [v h] steps Hh _ IH]; simpl in *.
  - lra.
  - specialize (Hdominates v); nra.
Qed.

(** If the survival function of A is nowhere below that of B, then A has at least B's
    mean of every non-decreasing utility. *)
Theorem D3_dominance_gives_utility (A B : law) :
  is_law A -> is_law B ->
  (forall v, survival B v <= survival A v) ->
  forall u, non_decreasing u -> expect u B <= expect u A.
Proof.
  intros [_ HA] [_ HB] Hdominates u Hu.
  destruct (sorted_values (map snd A ++ map snd B)) as [[| v0 vs] [Hsorted Hvalues]].
  - (* no values at all: impossible for a law, and trivial *)
    rewrite (expect_ext u (fun _ => 1) A), (expect_ext u (fun _ => 1) B); [lra | |];
      intros x Hx; destruct (Hvalues x); apply in_or_app; auto.
  - set (stairs := staircase (u v0) (steps_of u v0 vs)).
    assert (HuA : expect u A = expect stairs A).
    { apply expect_ext; intros x Hx; symmetry.
      apply staircase_on_values; [exact Hsorted | apply Hvalues, in_or_app; auto]. }
    assert (HuB : expect u B = expect stairs B).
    { apply expect_ext; intros x Hx; symmetry.
      apply staircase_on_values; [exact Hsorted | apply Hvalues, in_or_app; auto]. }
    rewrite HuA, HuB; unfold stairs.
    rewrite !expect_staircase by assumption.
    apply Rplus_le_compat_l, steps_compare; [exact Hdominates |].
    now apply steps_nonnegative.
Qed.

(** And conversely: that is what it takes. *)
Theorem D3 (A B : law) :
  is_law A -> is_law B ->
  ((forall v, survival B v <= survival A v) <->
   (forall u, non_decreasing u -> expect u B <= expect u A)).
Proof.
  intros HA HB; split.
  - now apply D3_dominance_gives_utility.
  - intros Hutility v.
    apply (Hutility (step v)), step_non_decreasing.
Qed.
